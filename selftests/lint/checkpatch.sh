#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# checkpatch.sh - the kernel's style checker over every C file of ours.
#
# Not asked: what speaks of the kernel's own tree, or of patches; and what is
# said of headers made to be read several times (tracepoints, X-macro tables).
. "$(dirname "$0")/common.sh"

script=$(kernel_script checkpatch.pl) || exit 4
ignore=FILE_PATH_CHANGES,SPDX_LICENSE_TAG,LINUX_VERSION_CODE,COMPLEX_MACRO
ignore+=,EMBEDDED_FUNCTION_NAME,MULTISTATEMENT_MACRO_USE_DO_WHILE,MACRO_WITH_FLOW_CONTROL
ignore+=,BRACKET_SPACE,MACRO_ARG_UNUSED,ENOSYS,TRAILING_SEMICOLON,PREFER_KERNEL_TYPES,CONST_STRUCT,UAPI_INCLUDE,SYMBOLIC_PERMS
mapfile -t files < <(find module uapi -name '*.[ch]' | sort)
out=$("$script" --no-tree --no-summary --terse --quiet --show-types --ignore "$ignore" \
	-f "${files[@]}" 2>&1 | grep -E ': (ERROR|WARNING):' |
	# compat asks with __has_include and names types as the kernel did
	grep -vE '^module/compat/.*(SPACING|CONSTANT_COMPARISON|NEW_TYPEDEFS)' |
	# user space has no __packed
	grep -vE '^uapi/.*PREFER_DEFINED_ATTRIBUTE_MACRO')
[ -z "$out" ] || { echo "$out"; exit 1; }
