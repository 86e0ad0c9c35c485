#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# build.sh - build testudo.ko for one kernel, beside those for others.
#
# usage: module/build.sh [-r ROOT] KDIR [MAKE-ARGUMENT...]
#
# KDIR is a kernel's build folder (headers package or tree); with -r it is a
# path inside ROOT, and that root's compiler builds.  The result is
# build/RELEASE/testudo.ko, or build/RELEASE-selftest/ with TESTUDO_SELFTEST.
# Objects go to build/RELEASE/src, and all but those of main.c and the tests are
# the same for both.  Kbuild sees the sources through links, since kernels before
# 6.13 put objects beside the sources.
set -eu

tree=$(cd "$(dirname "$0")/.." && pwd -P)
root=
if [ "${1:-}" = -r ]; then
	root=$2
	shift 2
fi
kdir=${1:?usage: build.sh [-r ROOT] KDIR [MAKE-ARGUMENT...]}
shift

die()
{
	echo "build.sh: $*" >&2
	exit 2
}

[ -e "$root$kdir/Makefile" ] || die "$root$kdir: no kernel headers there"
# Not kernel.release, which Debian 6.1's headers do not have right.
rel=$(sed -n 's/^#define UTS_RELEASE "\(.*\)"/\1/p' "$root$kdir/include/generated/utsrelease.h")
[ -n "$rel" ] || die "$root$kdir: not configured"

variant=
for arg in "$@"; do
	case $arg in
	TESTUDO_SELFTEST=?*) variant=-selftest ;;
	esac
done
out=$tree/build/$rel$variant
src=$tree/build/$rel/src
mkdir -p "$src" "$out"
exec 9>"$tree/build/$rel/.lock"
flock 9

# The links: every source that is there, none to a source that is gone.
cd "$tree"
find module uapi -type d | sed "s,^,$src/," | xargs mkdir -p
find Kbuild module uapi -type f \( -name Kbuild -o -name '*.[chS]' \) | while read -r f; do
	[ "$src/$f" -ef "$f" ] || ln -sfn "$tree/$f" "$src/$f"
done
find "$src" -xtype l -delete

# build runs in a root whose /proc goes away with it; objtool wants one.
run=()
if [ -n "$root" ]; then
	mkdir -p "$root$tree"
	# shellcheck disable=SC2016 # the inner shell expands
	run=(unshare -m sh -c 'mount -t proc proc "$0/proc" &&
		mount --bind "$1" "$0$1" && shift && exec chroot "$0" "$@"' "$root" "$tree")
fi

# KASAN doubles stack frames; the limit is for the kernels that people run.
if grep -q '^CONFIG_KASAN=y' "$root$kdir/include/config/auto.conf"; then
	set -- "$@" KCFLAGS=-Wframe-larger-than=3072
fi

# What a build outside of the kernel's tree always says is no news.
log=$out/build.log
rc=0
v=(-s)
[ -z "${V:-}" ] || v=("V=$V")
"${run[@]}" make "${v[@]}" -C "$kdir" M="$src" "$@" modules >"$log" 2>&1 || rc=$?
grep -vE 'Skipping BTF|compiler differs|The kernel was built by|You are using:|^make\[?|warning: pahole' \
	"$log" >&2 || true
[ "$rc" -eq 0 ] || die "$rel: failed"
if ! cmp -s "$src/testudo.ko" "$out/testudo.ko"; then
	cp "$src/testudo.ko" "$out/testudo.ko.new"
	mv "$out/testudo.ko.new" "$out/testudo.ko"
fi
echo "build/$rel$variant/testudo.ko"
