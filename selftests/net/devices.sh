#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Do packets of tunnel devices that are as large as the device takes get through
# transport mode, and does the route to the other end keep its MTU?
#
# kernels: 6.12 debug
# timeout: 900
#
#   H1 ---- G1 == gre or ipip in ESP == G2 ---- H2        addresses: lib.sh, T4

. "$(dirname "$0")/../lib.sh"

# device KIND - between the gateways, with the hosts' networks behind it
device()
{
	ip -n "${RUN}G1" link add tun9 type "$1" local 20.0.0.1 remote 20.0.0.2 &&
		ip -n "${RUN}G2" link add tun9 type "$1" local 20.0.0.2 remote 20.0.0.1 || return 1
	addr G1 tun9 10.9.0.1/30
	addr G2 tun9 10.9.0.2/30
	ip -n "${RUN}G1" link set tun9 up
	ip -n "${RUN}G2" link set tun9 up
	# the hosts may remember the MTU of the device before
	ip -n "${RUN}H1" route flush cache
	ip -n "${RUN}H2" route flush cache
	ip -n "${RUN}G1" route replace 10.0.2.0/24 dev tun9
	ip -n "${RUN}G2" route replace 10.0.1.0/24 dev tun9
}

device_gone()
{
	ip -n "${RUN}G1" link del tun9
	ip -n "${RUN}G2" link del tun9
	route G1 10.0.2.0/24 20.0.0.2
	route G2 10.0.1.0/24 20.0.0.1
}

# ping_df NODE ADDRESS SIZE - no loss, and DF is set
ping_df()
{
	local out

	out=$(n "$1" ping -n -c 4 -i 0.05 -W 5 -M "do" -s "$3" "$2" 2>&1)
	[[ $out == *" 0% packet loss"* ]] || fail "$1 ping $2 size $3 with DF: $(tail -n 2 <<<"$out" | head -n 1)"
}

t_device()
{
	local size way

	device "$1" 2>/dev/null || { skip "no $1 in this kernel"; return; }
	sa_pair G1 G2 20.0.0.1 20.0.0.2 transport gcm16_128
	sp_pair G1 G2 20.0.0.1 20.0.0.2 transport
	commit
	size=$(($(ip -n "${RUN}G1" -o link show tun9 | sed 's/.* mtu \([0-9]*\) .*/\1/') - 28))
	drops_mark G1
	ping_df H1 10.0.2.2 "$size"
	ping_df G1 10.9.0.2 "$size"
	transfer TCP H1 H2 10.0.2.2 300000
	drop_delta G1
	way=$(ip -n "${RUN}G1" route get 20.0.0.2)
	[[ $way != *" mtu "* ]] || fail "the route's MTU came down: $way"
	device_gone
}

need_testudo
setup_t4
add_case DEV_gre_full_size t_device gre
add_case DEV_ipip_full_size t_device ipip
run_cases "${1:-}"
