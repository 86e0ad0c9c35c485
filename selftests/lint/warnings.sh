#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# warnings.sh - with W=1 no compiler says a word: the module, its self-tests
# included, for every kernel that is prepared, and the tools.
#
# usage: warnings.sh [tools]         tools: these only, for who has built the rest
#
# It builds a copy of the sources in build/lint, so that what tests run from
# build/ stays as it is.
. "$(dirname "$0")/common.sh"

unset MAKEFLAGS MFLAGS
copy=$TREE/build/lint/warnings
mkdir -p "$copy"
# The times come along, so that only what changed is compiled again.
rm -rf "$copy/module" "$copy/uapi"
cp -a Kbuild module uapi "$copy"

# quiet NAME FOLDER COMMAND... - it works and prints nothing; else what it built
# in FOLDER goes, for what was compiled once warns no more
quiet()
{
	local name=$1 folder=$2 said rc

	shift 2
	said=$("$@" 2>&1 >/dev/null)
	rc=$?
	if [ $rc -ne 0 ] || [ -n "$said" ]; then
		printf '%s\n' "${said:-failed with status $rc and no word}" | sed "s,$copy/,,g; s,^,$name: ,"
		rm -rf "$folder"
		return 1
	fi
}

status=0 kernels=0
[ "${1:-}" != tools ] || KERNELS=
for name in $KERNELS; do
	# Those that people run; the checkers of the debug kernel change what gcc sees.
	[ "$name" != debug ] || continue
	dir=$(selftests/vm/kernel -q "$name") || continue
	kernels=$((kernels + 1))
	root=()
	[ ! -e "$dir/chroot" ] || root=(-r "$(cat "$dir/chroot")")
	quiet "$name" "$copy/build/$(cat "$dir/release")-selftest" \
		"$copy/module/build.sh" "${root[@]}" "$(cat "$dir/kdir")" -j"$(nproc)" W=1 TESTUDO_SELFTEST=y || status=1
done
quiet tools "$copy/tools" make -s -C userspace O="$copy/tools" W=1 || status=1
[ $kernels -gt 0 ] || [ -z "$KERNELS" ] || { echo "no kernel is prepared: selftests/vm/kernel 6.12" >&2; [ $status -ne 0 ] || exit 4; }
exit $status
