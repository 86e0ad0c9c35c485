#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# headers.sh - every header of the module compiles when it is the only one.
. "$(dirname "$0")/common.sh"

kdir=$(headers_dir) || exit 4
dir=$TREE/build/lint/headers
mkdir -p "$dir"
rm -f "$dir"/*.c
echo "ccflags-y += -I$TREE/module -I$TREE/uapi -I$TREE/module/base" >"$dir/Kbuild"
objects=()
while read -r h; do
	name=$(tr '/.' '__' <<<"${h#module/}")
	printf '#include "%s"\n' "${h#module/}" >"$dir/$name.c"
	echo "obj-m += $name.o" >>"$dir/Kbuild"
	objects+=("$name.o")
done < <(find module -name '*.h' | sort)
if ! make -s -k -j"$(nproc)" -C "$kdir" M="$dir" "${objects[@]}" >"$dir/log" 2>&1; then
	grep -E '(error|warning):' "$dir/log" | sed "s,$TREE/,,"
	exit 1
fi
