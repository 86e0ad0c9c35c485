#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kdoc.sh - every function that others call is documented, and rightly so.
#
# The kernel's own kernel-doc reads the comments that are there (a struct's
# members, a function's parameters); functions without one are found here.
. "$(dirname "$0")/common.sh"

bad=0
mapfile -t files < <(find module -name '*.[ch]' | sort)
documented=$(grep -hA1 '^/\*\*$' "${files[@]}" | sed -n 's/^ \* \([a-z_0-9]*\)(.*/\1/p' | sort -u)
awk '
	BEGIN { while (("cat" | getline name) > 0) seen[name] = 1 }
	FNR == 1 { sig = ""; start = 0 }
	/^[a-z].*\(/ && !/^static|^typedef|^extern/ && !/;$/ { sig = $0; start = FNR; next }
	/^{/ && sig != "" {
		name = sig; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name)
		if (!(name in seen) && name !~ /^(module_|DEFINE_|late_)/ && sig !~ /__init|__exit/) {
			print FILENAME ":" start ": " name "() has no kernel-doc comment"
			bad = 1
		}
		sig = ""; next
	}
	/^[^\t ]/ { sig = "" }
	END { exit bad }' "${files[@]}" <<<"$documented" || bad=1

if script=$(kernel_script kernel-doc); then
	out=$("$script" -none -Wall "${files[@]}" 2>&1 | grep -E 'warning|error' |
		grep -vE 'no structured comments|[0-9]+ (warnings|errors) as')
	[ -z "$out" ] || { sed "s,^\(.*\)$TREE/,\1,; s/ warning: / /" <<<"$out"; bad=1; }
fi
exit $bad
