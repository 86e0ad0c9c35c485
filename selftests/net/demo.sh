#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does the demo, which is what a newcomer runs first, pass all its checks?
#
# kernels: 6.12
# timeout: 300
#
# The demo is for people to read, so its checks become one verdict here.

dir=$(cd "$(dirname "$0")/.." && pwd -P)
echo "KTAP version 1"
if [ ! -e /proc/net/testudo_stat ] || [ "$(id -u)" -ne 0 ]; then
	echo "1..0 # SKIP needs root and testudo.ko"
	exit 4
fi
echo "1..1"
said=$(DEMO_BYTES=300K "$dir/demo.sh" 2>&1)
rc=$?
# A demo that stops before its verdict has proved nothing, whatever its status.
if [ $rc -eq 0 ] && grep -q '^   PASS: \([0-9]*\) of \1 checks' <<<"$said"; then
	echo "ok 1 - the demo passes its checks"
	exit 0
fi
sed 's/^/# /' <<<"$said"
echo "not ok 1 - the demo passes its checks"
echo "# exit status $rc"
exit 1
