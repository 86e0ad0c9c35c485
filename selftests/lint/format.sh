#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# format.sh - userspace is laid out as .clang-format says.
#
# Two things are the author's, which clang-format knows no way to leave alone:
# columns inside of a line, and the rows of tables and one-line macros.
. "$(dirname "$0")/common.sh"

command -v clang-format >/dev/null || { echo "clang-format is not installed" >&2; exit 4; }

squeeze()
{
	sed -E 's/([^\t ])[\t ]+/\1 /g; s/\* const/*const/g' "$@"
}

bad=0
while read -r f; do
	clang-format "$f" | squeeze | diff <(squeeze "$f") - | awk -v f="$f" '
		function flush() { if (n > table) { print f ":" at ": not laid out as clang-format does"; bad = 1 } }
		/^[0-9]/ { flush(); at = $0; sub(/[^0-9].*/, "", at); n = table = 0
			   if ($0 ~ /a/) n = 1; next }
		/^</ { n++; if ($0 ~ /^<[\t ]+[{"A-Z\[].*,\r?$/ || $0 ~ /^< #define/) table++ }
		END { flush(); exit bad }' || bad=1
done < <(find userspace -name '*.[ch]' | sort)
exit $bad
