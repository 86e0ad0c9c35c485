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

# silent NAME FOLDER COMMAND... - as quiet, but what is said names the sources
silent()
{
	local name=$1 said

	shift
	said=$(quiet "$@") && return
	sed "s,$copy/,,g; s,^,$name: ," <<<"$said"
	return 1
}

silent tools "$copy/tools" make -s -C userspace O="$copy/tools" W=1
status=$?
[ "${1:-}" != tools ] || exit $status
kernels=0
for name in $KERNELS; do
	# Those that people run; the checkers of the debug kernel change what gcc sees.
	[ "$name" != debug ] || continue
	dir=$(selftests/vm/kernel -q "$name") || continue
	kernels=$((kernels + 1))
	root=()
	[ ! -e "$dir/chroot" ] || root=(-r "$(cat "$dir/chroot")")
	silent "$name" "$copy/build/$(cat "$dir/release")" \
		"$copy/module/build.sh" "${root[@]}" "$(cat "$dir/kdir")" -j"$(nproc)" W=1 TESTUDO_SELFTEST=y || status=1
done
[ $kernels -gt 0 ] || { echo "no kernel is prepared: selftests/vm/kernel 6.12" >&2; [ $status -ne 0 ] || exit 4; }
exit $status
