#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernels: all
# timeout: 120
#
# PF_KEY has one owner: testudo and af_key keep each other out, without a stack
# trace and with a message that says what to do; and an open socket holds the
# module. Takes the machine's module away for a moment.
ko=build/$(uname -r)/testudo.ko
n=0 failed=0

# ok RC NAME - the verdict on the last step
ok()
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n $2"
	else
		echo "not ok $n $2"
		failed=1
	fi
}

# said TEXT - the kernel said it since the last dmesg -C
said()
{
	dmesg | grep -q -- "$1"
}

# quiet - and it did not complain
quiet()
{
	! dmesg | grep -E 'WARNING|BUG:|already registered|Call Trace'
}

# pf_key - whose sockets are there: prints the name in /proc/net/protocols
pf_key()
{
	/usr/bin/python3 -c 'import socket; socket.socket(15, socket.SOCK_RAW, 2)' 2>/dev/null || return
	awk '$1 == "KEY" || $1 == "TESTUDO_KEY" { print $1 }' /proc/net/protocols
}

# gone COMMAND... - it unloads a module, perhaps not at once: a closed socket gives
# its module back after a grace period
gone()
{
	for _ in $(seq 300); do
		"$@" 2>/dev/null && return
		read -rt 0.1 <> <(:)
	done
	echo "# still in use: $(grep -E '^(testudo|af_key) ' /proc/modules); processes: $(ps -e -o args= | grep -v '^\[' | paste -sd ';')"
	return 1
}

echo "KTAP version 1"
if ! [ -d /sys/module/testudo ] || ! [ -e "$ko" ]; then
	echo "1..0 # SKIP testudo is not loaded"
	exit 4
fi
modprobe -n af_key 2>/dev/null || { echo "1..0 # SKIP this kernel has no af_key"; exit 4; }

dmesg -C
! modprobe af_key 2>/dev/null
ok $? "af_key does not load next to testudo"
said 'af_key not loaded'
ok $? "the log says why"
quiet
ok $? "and there is no warning"
[ "$(pf_key)" = TESTUDO_KEY ]
ok $? "PF_KEY still works"

/usr/bin/python3 -c 'import socket, time; s = socket.socket(15, socket.SOCK_RAW, 2); print(flush=True); time.sleep(60)' >/tmp/one_owner.$$ &
holder=$!
until [ -s /tmp/one_owner.$$ ]; do read -rt 0.1 <> <(:); done
! rmmod testudo 2>/dev/null
ok $? "an open socket holds the module"
kill $holder
wait $holder 2>/dev/null
gone rmmod testudo
! grep -q '^testudo ' /proc/modules
ok $? "which goes when the socket is closed"
[ ! -e /proc/net/pfkey ]
ok $? "and /proc/net/pfkey with it"

dmesg -C
modprobe af_key
ok $? "af_key loads when testudo is gone"
! insmod "$ko" 2>/dev/null
ok $? "testudo does not load next to af_key"
said "modprobe -r af_key"
ok $? "the log says what to do"
quiet
ok $? "and there is no warning"
[ "$(pf_key)" = KEY ]
ok $? "af_key's PF_KEY still works"
gone modprobe -r af_key
insmod "$ko"
ok $? "testudo loads when af_key is gone"
[ "$(pf_key)" = TESTUDO_KEY ]
ok $? "and owns PF_KEY"
rm -f /tmp/one_owner.$$
echo "1..$n"
exit $failed
