#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# layers.sh - a room includes only what stands below it; path and pfkey never meet.
. "$(dirname "$0")/common.sh"

declare -A may=(
	[base]="compat" [alg]="base compat" [sa]="base alg compat" [sp]="base compat"
	[xform]="base alg sa compat" [path]="base sa sp compat"
	[pfkey]="base alg sa sp compat" [compat]="-"
)
bad=0
while IFS=: read -r f n inc; do
	room=${f#module/}
	room=${room%%/*}
	to=$(sed -n 's/.*"\([a-z]*\)\/.*/\1/p' <<<"$inc")
	[[ -z $to || $room == "$to" || -z ${may[$room]:-} ]] && continue
	[[ " ${may[$room]} " == *" $to "* ]] || {
		echo "$f:$n: $room may not include $to"
		bad=1
	}
done < <(grep -rnE '^#[[:space:]]*include "' module --include='*.[ch]')
exit $bad
