#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# sparse.sh - endianness, RCU and address-space annotations of the module hold.
. "$(dirname "$0")/common.sh"

command -v sparse >/dev/null || { echo "sparse is not installed: selftests/setup lint" >&2; exit 4; }
kdir=$(headers_dir) || exit 4
out=$(module/build.sh "$kdir" C=2 CF="-D__CHECK_ENDIAN__" -j"$(nproc)" 2>&1)
rc=$?
# The kernel's headers have warnings of their own.
found=$(grep -E '/src/(module|uapi)/.*(warning|error):' <<<"$out" | sed 's,^.*/src/,,' | sort -u)
[ -z "$found" ] || { echo "$found"; exit 1; }
[ "$rc" -eq 0 ] || { tail -n 20 <<<"$out"; exit 1; }
