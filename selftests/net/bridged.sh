#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does a bridge leave alone what is not its host's, when br_netfilter shows
# frames to the hooks of IP, and does the host still see to its own packets?
#
# kernels: all
# timeout: 300
# brief: v6
#
#   B ---- left [A: br0] right ---- C      10.0.0.2 fd00::2 / 10.0.0.1 fd00::1 / 10.0.0.3 fd00::3

. "$(dirname "$0")/../lib.sh"

declare -A A=([4]=10.0.0.1 [6]=fd00::1) B=([4]=10.0.0.2 [6]=fd00::2) C=([4]=10.0.0.3 [6]=fd00::3)

setup_bridge()
{
	node A B C
	ip -n "${RUN}A" link add br0 type bridge mcast_snooping 0
	ip -n "${RUN}A" link set br0 up
	link A left B eth0
	link A right C eth0
	ip -n "${RUN}A" link set left master br0
	ip -n "${RUN}A" link set right master br0
	addr A br0 10.0.0.1/24 fd00::1/64
	addr B eth0 10.0.0.2/24 fd00::2/64
	addr C eth0 10.0.0.3/24 fd00::3/64
	n A sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1 ||
		skip_all "no br_netfilter"
}

# t_bridged V - A asks IPsec of what B and C say to each other, and is not asked
t_bridged()
{
	local way

	mark_new
	ping_ok B "${C[$1]}" 56 1
	for way in in fwd out; do
		CONF[A]+="spdadd ${B[$1]} ${C[$1]} any -P $way ipsec esp/transport//require;"
		CONF[A]+="spdadd ${C[$1]} ${B[$1]} any -P $way ipsec esp/transport//require;"
	done
	commit
	drops_mark A
	ping_ok B "${C[$1]}" 56 2
	ping_ok B "${C[$1]}" 3000 2
	transfer TCP B C "${C[$1]}" 20000
	drop_delta A
}

# t_host V - what is for A itself is A's to judge, however it came
t_host()
{
	local port

	port=$(rnd_port)
	CONF[A]="spdadd ${B[$1]} ${A[$1]} udp -P in ipsec esp/transport//require;"
	commit
	drops_mark A
	echo clear | n B socat -u - "UDP$1-SENDTO:$(sock_addr "${A[$1]}"):$port"
	wait_for dropped || fail "A took a datagram in clear"
	drop_delta A in_clear=+
}

dropped()
{
	[ "$(drops_all A)" != "${DROPS[A]}" ]
}

need_testudo
modprobe br_netfilter 2>/dev/null || skip_all "no br_netfilter"
setup_bridge
for v in 4 6; do
	add_case "M21_bridged_frames_pass_v$v" t_bridged "$v"
	add_case "M21_bridge_host_is_checked_v$v" t_host "$v"
done
run_cases "$@"
