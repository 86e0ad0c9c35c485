#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does the demo, which is what a newcomer runs first, pass all its checks?
#
# kernels: 6.12
# timeout: 600
#
# The demo is for people to read, so its checks become one verdict here, for each kind.

dir=$(cd "$(dirname "$0")/.." && pwd -P)
echo "KTAP version 1"
if [ ! -e /proc/net/testudo_stat ] || [ "$(id -u)" -ne 0 ]; then
	echo "1..0 # SKIP needs root and testudo.ko"
	exit 4
fi
echo "1..4"
count=0 bad=0
for kind in racoon ikev2 certs manual; do
	count=$((count + 1))
	said=$(DEMO=$kind DEMO_BYTES=300K "$dir/demo.sh" 2>&1)
	rc=$?
	# A demo that stops before its verdict has proved nothing, whatever its status.
	if [ $rc -eq 0 ] && grep -q '^   PASS: \([0-9]*\) of \1 checks' <<<"$said"; then
		echo "ok $count - DEMO=$kind passes its checks"
		continue
	fi
	bad=$((bad + 1))
	sed 's/^/# /' <<<"$said"
	echo "not ok $count - DEMO=$kind passes its checks"
	echo "# exit status $rc"
done
[ $bad -eq 0 ]
