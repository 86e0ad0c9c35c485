#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# funclen.sh - functions fit a screen, files a sitting.
#
# Fails on a function over 90 lines (a mere switch or table excepted), a .c file
# over 700 and a header over 250; tells the median and the 95th percentile.
. "$(dirname "$0")/common.sh"

mapfile -t files < <(find module userspace -name '*.c' -o -name '*.h' | sort)
[ ${#files[@]} -gt 0 ] || exit 0
tmp=$(mktemp)
awk '
FNR == 1 { if (NR > 1) size(); file = FILENAME; open = 0; cases = 0 }
{ last = FNR }
/^{/ && FNR > 1 && before ~ /[)a-z_]$/ && before !~ /[=;,]$/ { open = FNR; cases = 0 }
open && /^\t+(case .*|default):/ { cases++ }
/^}/ && open {
	n = FNR - open + 1
	print n > lengths
	if (n > 90 && cases * 4 < n) {
		printf "%s:%d: function of %d lines\n", FILENAME, open, n
		bad = 1
	}
	open = 0
}
{ before = $0 }
function size()
{
	if (file ~ /\.c$/ && last > 700 || file ~ /\.h$/ && last > 250) {
		printf "%s:%d: file of %d lines\n", file, last, last
		bad = 1
	}
}
END { size(); exit bad }' lengths="$tmp" "${files[@]}"
rc=$?
sort -n "$tmp" | awk '{ n[NR] = $1 } END { if (NR)
	printf "%d functions, median %d lines, 95th percentile %d, longest %d\n",
		NR, n[int((NR + 1) / 2)], n[int(NR * 0.95 + 0.5)], n[NR] }'
rm -f "$tmp"
exit $rc
