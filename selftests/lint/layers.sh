#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# layers.sh - a room includes only what stands below it; path and pfkey never meet,
# nor do ikev1 and ikev2.
. "$(dirname "$0")/common.sh"

# shellcheck disable=SC2034 # by its name
declare -A may=(
	[base]="compat" [alg]="base compat" [sa]="base alg compat" [sp]="base compat"
	[xform]="base alg sa compat" [path]="base sa sp compat"
	[pfkey]="base alg sa sp compat" [compat]="-"
)
# testudod's rooms are a stack: each may use all below it, but the two IKE versions know nothing of each other
declare -A daemon=()
below=
for room in base crypto wire conf auth engine ikev1 ikev2 edge ctl proc daemon; do
	daemon[$room]=$below
	below+=" $room"
done
daemon[ikev2]=${daemon[ikev1]}
bad=0

# check FOLDER TABLE - includes that the table does not allow
check()
{
	local -n table=$2
	local f n inc room to

	while IFS=: read -r f n inc; do
		room=${f#"$1"/}
		room=${room%%/*}
		to=$(sed -n 's/.*"\([a-z0-9]*\)\/.*/\1/p' <<<"$inc")
		[[ -z $to || $room == "$to" || -z ${table[$room]+x} ]] && continue
		[[ " ${table[$room]} " == *" $to "* ]] || {
			echo "$f:$n: $room may not include $to"
			bad=1
		}
	done < <(grep -rnE '^#[[:space:]]*include "' "$1" --include='*.[ch]')
}

check module may
check userspace/testudod daemon
exit $bad
