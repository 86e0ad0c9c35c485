# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# common.sh - what the lint scripts share.  Each prints FILE:LINE: TEXT for what
# it finds and exits 1 if it found anything, 4 if it cannot look.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 125
. selftests/vm/common.sh

# kernel_script NAME - a script of the kernel's tree, from the packages that are here
kernel_script()
{
	local f

	for f in "$CACHE/kernels/debug/linux/scripts/$1" /usr/src/linux-headers-*/scripts/"$1" \
		/usr/lib/linux-kbuild-*/scripts/"$1" /usr/src/linux-source-*/scripts/"$1"; do
		if [ -x "$f" ]; then
			echo "$f"
			return
		fi
	done
	echo "no $1 here: it comes with make module-debug" >&2
	exit 4
}

# headers_dir - the headers that checks of the module use
headers_dir()
{
	cat "$(selftests/vm/kernel 6.12)/kdir"
}

# project_files PATTERN... - files of ours with one of these names
project_files()
{
	local args=() p

	for p in "$@"; do
		args+=(-o -name "$p")
	done
	find . -path ./build -prune -o -path ./.git -prune -o -type f \( "${args[@]:1}" \) -print |
		sed 's,^\./,,' | sort
}

# shell_files - our scripts, by their first line
shell_files()
{
	project_files '*' | while read -r f; do
		case $f in
		*.[ch]|*.py|*.rst|*.md) continue ;;
		*.sh) echo "$f" ;;
		*) head -n1 "$f" | grep -qaE '^#!.*/(ba)?sh' && echo "$f" ;;
		esac
	done
}
