#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# man.sh - does a manual page have what the code takes, and nothing else:
# statements of racoon.conf, options of testudod, verbs and options of testudoctl?
. "$(dirname "$0")/common.sh"

bad=0

# compare PAGE WHAT CODE WORDS SAID - what the code takes is to be among the words of the page, and
# what the page's lists say among the code's
compare()
{
	local page=$1 what=$2 code=$3 words=$4 said=$5 w

	if [ -z "$code" ] || [ -z "$said" ]; then
		echo "$page:1: no $what found: is this script right?"
		bad=1
	fi
	for w in $code; do
		grep -qxF -- "$w" <<<"$words" && continue
		echo "$page:1: lacks the $what '$w'"
		bad=1
	done
	for w in $said; do
		grep -qxF -- "$w" <<<"$code" && continue
		echo "$page:1: nothing in the code is the $what '$w'"
		bad=1
	done
}

# options PAGE [HEADS] - "-x" and "--long" for what stands behind .Fl and Fl; HEADS: of lists only
options()
{
	awk -v heads="${2:-}" '
		!/^\./ || heads && !/^\.It/ { next }
		{
			sub(/^\./, "")
			fl = 0
			for (i = 1; i <= NF; i++) {
				if ($i ~ /^[A-Z][a-z]$/) fl = $i == "Fl"
				else if (fl && $i ~ /^-?[A-Za-z0-9][a-z0-9-]*$/) print "-" $i
			}
		}' "$1"
}

page=Documentation/man/testudod.conf.5
code=$(grep -hoE '\{ (\.name = )?"[a-z0-9_]+", RULE_' userspace/testudod/conf/check_*.c | grep -oE '"[a-z0-9_]+"' | tr -d '"' | sort -u)
compare $page statement "$code" "$(grep -oE '[A-Za-z0-9_]+' $page)" \
	"$(sed -n 's/^\.It //p' $page | grep -oE 'Ic [a-z0-9_]+' | sed 's/^Ic //')"

page=Documentation/man/testudod.8
main=userspace/testudod/main.c
code=$(sed -n 's/.*getopt_long(argc, argv, "\([^"]*\)".*/\1/p' $main | tr -d : | grep -o . | sed 's/^/-/'
	# --process is the monitor's
	sed -n 's/^\t{ "\([a-z-]*\)", [a-z]*_argument.*/--\1/p' $main | grep -vx -- --process)
compare $page option "$code" "$(options $page)" "$(options $page heads)"

page=Documentation/man/testudoctl.8
main=userspace/testudoctl/main.c
code=$(sed -n "s/^\t{ '\(.\)', NULL.*/-\1/p; s/^\t{ '\(.\)', \"\([a-z-]*\)\".*/-\1\n--\2/p" $main)
compare $page option "$code" "$(options $page)" "$(options $page heads)"
code=$(sed -n 's/^\t{ "\([a-z-]*\)", "\([a-z]*\)", [O0].*/\1\n\2/p' $main | grep .)
said=$(sed -n 's/^\.It Ic \([a-z-]*\) | \([a-z]*\).*/\1\n\2/p; s/^\.It Ic \([a-z-]*\).*/\1/p' $page)
compare $page verb "$code" "$said" "$said"
exit $bad
