#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does ESP in UDP work through a real NAT, with peers on the stock stack at either
# end, for several clients behind one address, and over IPv6 without NAT?
#
# kernels: all
# timeout: 600
# brief: D01_server_transport|D02_client_tunnel|D05|D03_server_transport
#
#   C1 10.0.1.2 ----.                                    C1 and C2 leave as 20.0.0.1, from
#                   N 20.0.0.1 fc00::1 == WIRE == S      ports 4500 and 1024
#   C2 10.0.3.2 ----'                     20.0.0.2 fc00::2
#   C1 fd00:1::2, C2 fd00:3::2: not translated
#   inside of tunnels: C1 10.8.0.1, C2 10.8.0.2, S 10.8.1.1; fd08::1, fd08::2, fd08:1::1

. "$(dirname "$0")/../lib.sh"

declare -A MAPPED=([C1]=4500 [C2]=1024)
declare -A OWN=([C14]=10.0.1.2 [C24]=10.0.3.2 [C16]=fd00:1::2 [C26]=fd00:3::2)
declare -A VIP=([C14]=10.8.0.1 [C24]=10.8.0.2 [S4]=10.8.1.1 [C16]=fd08::1 [C26]=fd08::2 [S6]=fd08:1::1)
declare -A SERVER=([4]=20.0.0.2 [6]=fc00::2)

# client NODE MODE V ENC [AUTH] - key it and S
client()
{
	local c=$1 mode=$2 v=$3 enc=$4 auth=${5:-none} own=${OWN[$1$3]} seen far=${SERVER[$3]} mapped=${MAPPED[$1]}
	local spi12 spi21 ek ak sel=() ends=()

	seen=20.0.0.1
	[ "$v" = 4 ] || { seen=$own mapped=4500; }
	spi12=$(rnd_spi) spi21=$(rnd_spi)
	ek=$(rnd_hex "${KEY_LEN[$enc]}") ak=$(rnd_hex "${KEY_LEN[$auth]}")
	ENCAP="4500 4500" sa "$c" "$own" "$far" "$spi12" "$mode" "$enc" "$ek" "$auth" "$ak"
	ENCAP="4500 4500" sa "$c" "$far" "$own" "$spi21" "$mode" "$enc" "$ek" "$auth" "$ak"
	ENCAP="$mapped 4500" sa S "$seen" "$far" "$spi12" "$mode" "$enc" "$ek" "$auth" "$ak"
	ENCAP="4500 $mapped" sa S "$far" "$seen" "$spi21" "$mode" "$enc" "$ek" "$auth" "$ak"
	if [ "$mode" = tunnel ]; then
		sel=("${VIP[$c$v]}" "${VIP[S$v]}" "${VIP[$c$v]}")
	else
		sel=("$own" "$far" "$seen")
	fi
	sp "$c" "${sel[0]}" "${sel[1]}" out "$mode" "$own" "$far"
	sp "$c" "${sel[1]}" "${sel[0]}" in "$mode" "$far" "$own"
	sp S "${sel[1]}" "${sel[2]}" out "$mode" "$far" "$seen"
	sp S "${sel[2]}" "${sel[1]}" in "$mode" "$seen" "$far"
}

# only_udp - nothing but ESP in UDP was on the link
only_udp()
{
	local udp='((udp port 4500) or (ip6 proto 17) or (ip6 proto 44) or (ip[6:2] & 0x1fff != 0))' other

	[ "$(in_cap "$udp")" -gt 0 ] || fail "no UDP on the link"
	other=$(in_cap "not $udp and not $NOISE")
	[ "$other" -eq 0 ] || fail "$other other packets: $(tcpdump -nn -r "$CAP" "not $udp and not $NOISE" 2>/dev/null | head -n 2)"
	! grep -qa "$MARK" "$CAP" || fail "the marker is on the link in clear"
}

# traffic CLIENT MODE V - pings and TCP, both ways where NAT lets the other end begin
traffic()
{
	local to=${SERVER[$3]}

	[ "$2" = transport ] || to=${VIP[S$3]}
	ping_ok "$1" "$to" 57 2
	ping_ok "$1" "$to" 1200 1
	transfer TCP "$1" S "$to" 60000
	ping_some "$1" "$to" 3001
	[ "$2" = transport ] || transfer TCP S "$1" "${VIP[$1$3]}" 60000
}

# t_pair OURS MODE V ENC [AUTH] - this project's stack at one end, "server" or "client", the stock one at the other
t_pair()
{
	local ours=C1

	STACK_OF=([C1]=$STACK [S]=xfrm)
	[ "$1" = client ] || { STACK_OF=([C1]=xfrm [S]=$STACK); ours=S; }
	client C1 "$2" "$3" "$4" "${5:-none}"
	commit || return
	drops_mark $ours
	mark_new
	cap_start WIRE left
	traffic C1 "$2" "$3"
	cap_stop
	only_udp
	drop_delta $ours
}

# t_hub - two clients with the same address; one goes, the other stays
t_hub()
{
	STACK_OF=([C1]=xfrm [C2]=xfrm [S]=$STACK)
	REQID=1 LEVEL=unique:1 client C1 tunnel 4 gcm16_128
	REQID=2 LEVEL=unique:2 client C2 tunnel 4 aes128 sha256
	commit || return
	drops_mark S
	traffic C1 tunnel 4
	traffic C2 tunnel 4
	drop_delta S
	flush C1
	traffic C2 tunnel 4
}

need_module
node C1 C2 N S
link C1 eth0 N in1
link C2 eth0 N in2
wire N out0 S eth0
addr N in1 10.0.1.1/24 fd00:1::1/64
addr N in2 10.0.3.1/24 fd00:3::1/64
addr N out0 20.0.0.1/24 fc00::1/64
addr S eth0 20.0.0.2/24 fc00::2/64
forward N
for c in C1 C2; do
	addr $c eth0 "${OWN[${c}4]}/24" "${OWN[${c}6]}/64"
	addr $c lo "${VIP[${c}4]}/32" "${VIP[${c}6]}/128"
done
addr S lo "${VIP[S4]}/32" "${VIP[S6]}/128"
route C1 default 10.0.1.1 default fd00:1::1
route C2 default 10.0.3.1 default fd00:3::1
route S default 20.0.0.1 default fc00::1
for c in C1 C2; do
	for v in 4 6; do
		far=10.0.1.1
		[ $c = C1 ] || far=10.0.3.1
		[ $v = 4 ] || { far=fd00:1::1; [ $c = C1 ] || far=fd00:3::1; }
		ip -n "$RUN$c" route add "${VIP[S$v]}" via "$far" src "${VIP[$c$v]}"
		far=20.0.0.1
		[ $v = 4 ] || far=fc00::1
		ip -n "${RUN}S" route add "${VIP[$c$v]}" via "$far" src "${VIP[S$v]}"
	done
done
n N nft -f - <<-END || skip_all "no NAT in this kernel"
	table ip nat {
		chain post {
			type nat hook postrouting priority srcnat;
			oifname out0 ip saddr 10.0.1.2 udp sport 4500 snat to 20.0.0.1:4500
			oifname out0 ip saddr 10.0.3.2 udp sport 4500 snat to 20.0.0.1:1024
		}
	}
END
for one in C1 C2 S; do
	port_holder $one
done

for ours in server client; do
	add_case "D01_${ours}_transport" t_pair $ours transport 4 gcm16_128
	add_case "D02_${ours}_tunnel" t_pair $ours tunnel 4 aes128 sha256
	add_case "D03_${ours}_transport_6" t_pair $ours transport 6 aes256 sha512
	add_case "D03_${ours}_tunnel_6" t_pair $ours tunnel 6 gcm16_256
done
add_case D05_two_clients_one_address t_hub
run_cases "$@"
