#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernels: all
#
# The build with TESTUDO_SELFTEST=1 tests its pure rooms when it loads, and
# refuses to load when one of them is wrong.  It takes the place of the module
# that the machine has loaded for a moment.
echo "TAP version 13"
ko=build/$(uname -r)
[ -e "$ko-selftest/testudo.ko" ] || { echo "1..0 # SKIP no build with self-tests"; exit 4; }

# unload - a socket that was just closed holds the module for a grace period
unload()
{
	local end=$((SECONDS + 60))

	until said=$(rmmod testudo 2>&1); do
		[ $SECONDS -lt $end ] || { echo "# $said"; return 1; }
		read -rt 0.1 <> <(:)
	done
}

unload || exit 1
dmesg -c >/dev/null
insmod "$ko-selftest/testudo.ko"
rc=$?
dmesg | grep -i 'self-\?test' | sed 's/^/# /'
n=$(dmesg | grep -ci 'self-\?test.*pass')
[ "$rc" -ne 0 ] || unload || rc=1
insmod "$ko/testudo.ko" || rc=1
for ((i = 1; i <= n; i++)); do
	echo "ok $i $(dmesg | grep -i 'self-\?test.*pass' | sed -n "${i}s/^\[[^]]*\] //p")"
done
if [ "$rc" -eq 0 ] && [ "$n" -gt 0 ]; then
	echo "ok $((n + 1)) loads, says that its self-tests passed, and unloads"
else
	echo "not ok $((n + 1)) loads, says that its self-tests passed, and unloads"
	rc=1
fi
echo "1..$((n + 1))"
exit $rc
