#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# words.sh - no unfinished work, no kernel version outside of module/compat, a
# licence line in every source.
. "$(dirname "$0")/common.sh"

bad=0
mapfile -t files < <(project_files '*.[chly]' '*.sh' '*.py' '*.rst' '*.md' Makefile Kbuild |
	grep -v '^selftests/lint/words.sh$')
grep -nHE '\b(TODO|FIXME|XXX|HACK)\b' "${files[@]}" && bad=1
grep -rnE '\b(LINUX_VERSION_CODE|KERNEL_VERSION)\b' module --include='*.[ch]' |
	grep -v '^module/compat/' && bad=1
for f in $(project_files '*.[chly]' '*.sh' '*.py' Makefile Kbuild); do
	head -n 3 "$f" | grep -q SPDX-License-Identifier || { echo "$f:1: no SPDX line"; bad=1; }
done
exit $bad
