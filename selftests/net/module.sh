#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does the module come and go at any moment, and leave nothing behind?
#
# kernels: all
# timeout: 900
# brief: unload_busy|under.traffic
#
#   A ==== B        addresses: lib.sh, T2

. "$(dirname "$0")/../lib.sh"

KO=$LIB/../build/$(uname -r)/testudo.ko

gone()
{
	[ ! -e /proc/net/testudo_stat ] || fail "/proc/net/testudo_stat is still there"
	[ ! -e /proc/net/pfkey ] || fail "/proc/net/pfkey is still there"
	[ ! -d /proc/sys/net/testudo ] || fail "/proc/sys/net/testudo is still there"
	! grep -q '^testudo' /proc/slabinfo 2>/dev/null || fail "slabs left: $(grep -o '^testudo[a-z_]*' /proc/slabinfo)"
	! grep -qi testudo /proc/net/protocols || fail "a protocol is left"
	! grep -q testudo /proc/modules || fail "still in /proc/modules"
}

# unload - a socket gives its module back a grace period after setkey closed it
unload()
{
	wait_for rmmod testudo || fail "${1:-}$(rmmod testudo 2>&1)"
}

load()
{
	expect insmod "$KO"
	[ -e /proc/net/testudo_stat ] || fail "loaded, but no /proc/net/testudo_stat"
}

keyed()
{
	sa_pair A B 10.0.0.1 10.0.0.2 transport gcm16_128
	sp_pair A B 10.0.0.1 10.0.0.2 transport 10.0.0.1 10.0.0.2
	commit
}

flood()
{
	bg A ping -n -q -i 0.02 -s 200 -p "$MARK_HEX" 10.0.0.2 >/dev/null 2>&1
	FLOOD=$!
}

flood_end()
{
	kill "$FLOOD" 2>/dev/null
	wait "$FLOOD" 2>/dev/null
}

t_modinfo()
{
	equal "$(modinfo -F depends "$KO")" "" "modules that it needs"
	equal "$(modinfo -F license "$KO")" GPL licence
	modinfo -F alias "$KO" | grep -qx net-pf-15 || fail "no alias net-pf-15"
	[ -n "$(modinfo -F description "$KO")" ] || fail "no description"
	modinfo -F parm "$KO" | grep -q '^sha256_96:' || fail "no parameter sha256_96"
}

# With SAs, policies and traffic. As long as the policy is there, no clear
# packet leaves; when it is gone with the module, no ESP packet does.
t_unload_busy()
{
	local last first

	mark_new
	keyed
	cap_start WIRE left
	flood
	wait_for flowing || fail "no ESP before the unload"
	unload
	flood_end
	cap_stop
	gone
	last=$(tcpdump -nn -tt -r "$CAP" "src 10.0.0.1 and ip proto 50" 2>/dev/null | tail -n 1 | cut -d' ' -f1)
	first=$(tcpdump -nn -tt -r "$CAP" "src 10.0.0.1 and icmp" 2>/dev/null | head -n 1 | cut -d' ' -f1)
	[ -z "$first" ] || awk -v a="$last" -v b="$first" 'BEGIN { exit !(a < b) }' ||
		fail "clear text at $first, while the policy was in force until $last"
	load
}

flowing()
{
	[ "$(stat A out_packets)" -ge 20 ]
}

t_unload_socket()
{
	# not by bg, whose command has no input; it ends with its input
	n A python3 -c 'import socket, sys
s = socket.socket(15, socket.SOCK_RAW, 2)
print("open", flush=True)
sys.stdin.read()' <"$WORKDIR/hold" >"$WORKDIR/held" &
	PIDS+=($!)
	exec 7>"$WORKDIR/hold"
	wait_for grep -q open "$WORKDIR/held" || fail "no PF_KEY socket"
	refuse rmmod testudo
	exec 7>&-
	unload "after the socket was closed: "
	gone
	load
}

t_reload()
{
	local i

	# The kernel's text is patched when the first hook of a place comes and the last one goes, which now and then goes
	# wrong in the emulator (check's is_emulators): so the module's are not these
	{
		echo "add table inet hold"
		for i in prerouting input forward output postrouting; do
			echo "add chain inet hold at_$i { type filter hook $i priority 0; }"
		done
	} >"$WORKDIR/chains"
	n A nft -f "$WORKDIR/chains" || fail "no chains to hold the hooks"
	mark_new
	flood
	for i in $(seq "${RELOADS:-10}"); do
		keyed
		unload "round $i: " || break
		insmod "$KO" || { fail "round $i: insmod"; break; }
	done
	flood_end
	keyed
	ping_ok A 10.0.0.2
}

need_testudo
[ -e "$KO" ] || skip_all "no $KO"
setup_t2
mkfifo "$WORKDIR/hold"
add_case "K08 modinfo" t_modinfo
add_case "K08 module_unload_busy" t_unload_busy
add_case "K08 module_unload with an open socket" t_unload_socket
add_case "K08 module_reload under traffic" t_reload
run_cases "$@"
