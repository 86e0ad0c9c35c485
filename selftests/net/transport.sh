#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Do two hosts that protect their traffic by ESP in transport mode reach each
# other by every protocol, and does nothing but ESP pass between them?
#
# kernels: all
# timeout: 900
# brief: A01_|A02_
#
#   A 10.0.0.1 fd00::1 ---- link ---- B 10.0.0.2 fd00::2

. "$(dirname "$0")/../lib.sh"

# keyed ENC AUTH - SAs and policies for both families, neighbour discovery exempt
keyed()
{
	sa_pair A B 10.0.0.1 10.0.0.2 transport "$1" "$2"
	sp_pair A B 10.0.0.1 10.0.0.2 transport 10.0.0.1 10.0.0.2
	sa_pair A B fd00::1 fd00::2 transport "$1" "$2"
	sp_pair A B fd00::1 fd00::2 transport fd00::1 fd00::2
	exempt_nd A B
	commit
}

# exempt_nd NODE... - host policies cover neighbour discovery between the two addresses
exempt_nd()
{
	local node type dir

	for node in "$@"; do
		for type in 135 136; do
			for dir in in out; do
				if [ "$(stack_of "$node")" = xfrm ]; then
					CONF[$node]+="xfrm policy add src ::/0 dst ::/0 proto ipv6-icmp type $type code 0 dir $dir priority 0 action allow"$'\n'
				else
					CONF[$node]+="spdadd ::/0 ::/0 icmp6 $type,0 -P $dir prio high none;"$'\n'
				fi
			done
		done
	done
}

t_ping()
{
	mark_new
	keyed "$2" "$3"
	cap_start WIRE left
	ping_ok A "$1" 56
	ping_ok A "$1" 1000
	ping_ok A "$1" 1400
	ping_ok B "${1%2}1" 100
	cap_stop
	assert_enc
	# one may overtake another
	equal "$(tcpdump -nn -r "$CAP" "$ESP" 2>/dev/null | grep "${1%2}1 > " | grep -o 'seq=0x[0-9a-f]*' | sort -V | head -n 3 | tr '\n' ' ')" \
		"seq=0x1 seq=0x2 seq=0x3 " "first sequence numbers of A"
}

t_tcp()
{
	mark_new
	keyed gcm16_128 none
	cap_start WIRE left
	transfer TCP A B "$1" 5600
	transfer TCP B A "${1%2}1" 5600
	cap_stop
	assert_enc
}

# t_sctp ADDRESS PROTO ENC AUTH - its checksum is a CRC, which is still to be computed when a packet gets here
t_sctp()
{
	local size

	modprobe sctp 2>/dev/null
	[ -e /proc/net/sctp ] || { skip "no SCTP in this kernel"; return; }
	PROTO=$2 keyed "$3" "$4"
	drops_mark A
	drops_mark B
	for size in 100 1000 65535; do
		transfer SCTP A B "$1" "$size"
	done
	drop_delta A
	drop_delta B
}

# t_device KIND - the same traffic when A's link is stacked
t_device()
{
	case $1 in
	vlan)
		ip -n "${RUN}A" link add link eth0 name top type vlan id 7
		ip -n "${RUN}B" link add link eth0 name top type vlan id 7
		;;
	macvlan)
		ip -n "${RUN}A" link add link eth0 name top type macvlan mode bridge
		ip -n "${RUN}B" link add link eth0 name top type macvlan mode bridge
		;;
	bridge)
		ip -n "${RUN}A" link add top type bridge
		ip -n "${RUN}A" link set eth0 master top
		ip -n "${RUN}B" link add link eth0 name top type macvlan mode bridge
		;;
	esac 2>/dev/null || { skip "no $1 device here"; return; }
	ip -n "${RUN}A" link set top up
	ip -n "${RUN}B" link set top up
	addr A top 10.0.9.1/24
	addr B top 10.0.9.2/24
	sa_pair A B 10.0.9.1 10.0.9.2 transport gcm16_128
	sp_pair A B 10.0.9.1 10.0.9.2 transport 10.0.9.1 10.0.9.2
	commit
	mark_new
	cap_start B top "$(by_us B top)"
	wait_for n A ping -c 1 -W 1 10.0.9.2
	ping_ok A 10.0.9.2 56
	ping_ok A 10.0.9.2 1300
	ping_some A 10.0.9.2 5000
	transfer TCP A B 10.0.9.2 50000
	cap_stop
	assert_enc
	flush_all
	[ "$1" != bridge ] || ip -n "${RUN}A" link set eth0 nomaster
	ip -n "${RUN}A" link del top
	ip -n "${RUN}B" link del top
}

# t_loopback SRC DST DEV - a host that protects what it sends to itself: it arrives, or is refused; nothing hangs
t_loopback()
{
	sa A "$1" "$1" "$(rnd_spi)" transport gcm16_128 "$(rnd_hex 20)" none ""
	sp A "$1" "$1" out transport "$1" "$1"
	sp A "$1" "$1" in transport "$1" "$1"
	commit
	n A timeout 20 ping -c 2 -i 0.1 -W 2 "$1" >/dev/null 2>&1
	[ $? -le 1 ] || fail "ping to itself hung"
	flush_all
	ping_ok A "$1"
}

t_flap()
{
	keyed gcm16_128 none
	ping_ok A 10.0.0.2
	ip -n "${RUN}A" link set eth0 down
	refuse n A ping -c 1 -W 1 10.0.0.2
	ip -n "${RUN}A" link set eth0 up
	addr A eth0 fd00::1/64 2>/dev/null
	wait_for n A ping -c 1 -W 1 10.0.0.2 || fail "no traffic after the link came back"
	ip -n "${RUN}A" addr del 10.0.0.1/24 dev eth0
	addr A eth0 10.0.0.1/24
	wait_for n A ping -c 1 -W 1 10.0.0.2 || fail "no traffic after the address came back"
	wait_for n A ping -c 1 -W 1 fd00::2 || fail "no IPv6 traffic after the link came back"
}

need_module
setup_t2
add_case A01_esp_transport_v4 t_ping 10.0.0.2 aes128 sha256
add_case A02_esp_transport_v6 t_ping fd00::2 aes128 sha256
add_case A01_esp_transport_v4_gcm t_ping 10.0.0.2 gcm16_256 none
add_case A02_esp_transport_v6_chacha t_ping fd00::2 chacha none
add_case G01_tcp_5k_file_v4 t_tcp 10.0.0.2
add_case G01_tcp_5k_file_v6 t_tcp fd00::2
add_case G05_sctp_esp_v4 t_sctp 10.0.0.2 esp aes128 sha256
add_case G05_sctp_esp_v6 t_sctp fd00::2 esp chacha none
add_case G05_sctp_ah_v4 t_sctp 10.0.0.2 ah - sha256
add_night G05_sctp_ah_v6 t_sctp fd00::2 ah - sha1
add_night G05_sctp_ipcomp_v4 t_sctp 10.0.0.2 ipcomp comp none
add_case G05_sctp_ipcomp_v6 t_sctp fd00::2 ipcomp comp none
add_case A24_esp_over_vlan t_device vlan
add_case A24_esp_over_macvlan t_device macvlan
add_case A24_esp_over_bridge t_device bridge
add_case A23_esp_loopback_own_address t_loopback 10.0.0.1
add_case A23_esp_loopback_127 t_loopback 127.0.0.1
add_case A23_esp_loopback_v6 t_loopback ::1
add_case K09_iface_down_up t_flap
run_cases "$@"
