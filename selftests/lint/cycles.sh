#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cycles.sh - no header includes itself by way of others.
. "$(dirname "$0")/common.sh"

# Edges "from to" between our headers, named by the last two parts of the path.
edges()
{
	grep -rnE '^#[[:space:]]*include "' module userspace uapi --include='*.h' |
		sed -n 's,^\([^:]*\):[0-9]*:#[[:space:]]*include "\([^"]*\)".*,\1 \2,p' |
		while read -r from to; do
			dir=$(dirname "$from")
			for base in "$dir" module uapi userspace/lib/include; do
				if [ -e "$base/$to" ]; then
					echo "$from $base/$to"
					break
				fi
			done
		done
}

loops=$(edges | tsort 2>&1 >/dev/null | sed 's/^tsort: //')
[ -z "$loops" ] || { echo "$loops"; exit 1; }
