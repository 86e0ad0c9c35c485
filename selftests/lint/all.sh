#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# all.sh - every check of this folder; exit 1 if one found something.
. "$(dirname "$0")/common.sh"

status=0
for script in selftests/lint/*.sh; do
	case ${script##*/} in
	all.sh|common.sh) continue ;;
	esac
	echo "== ${script##*/}"
	"$script"
	case $? in
	0) ;;
	4) echo "(not checked)" ;;
	*) status=1 ;;
	esac
done
exit $status
