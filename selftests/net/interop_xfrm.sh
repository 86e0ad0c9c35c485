#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does every algorithm work with a peer on the stock stack of the same kernel,
# in both directions, transport and tunnel, IPv4 and IPv6?
#
# kernels: all
# timeout: 1200
# brief: chacha_none_tunnel|comp_tunnel_4_4|comp_esp_tunnel_6_6|gcm_transport_4_4|cbc_tunnel_6_6|gcm_tunnel_4_6|esn_gcm|ah_sha256|bundle
#
#   A (this project)  10.0.0.1 fd00::1 ---- B (stock xfrm, by `ip xfrm`)  10.0.0.2 fd00::2
#     inside 10.0.1.1 fd00:1::1               inside 10.0.2.1 fd00:2::1

. "$(dirname "$0")/../lib.sh"

STACK_OF[B]=xfrm
declare -A OUT1=([4]=10.0.0.1 [6]=fd00::1) OUT2=([4]=10.0.0.2 [6]=fd00::2)
declare -A IN1=([4]=10.0.1.1 [6]=fd00:1::1) IN2=([4]=10.0.2.1 [6]=fd00:2::1)

# both ENC AUTH MODE INNER OUTER - key A and B; ENC "-" is AH
keyed()
{
	local a=${OUT1[$5]} b=${OUT2[$5]} PROTO=esp

	[ "$1" != - ] || PROTO=ah
	sa_pair A B "$a" "$b" "$3" "$1" "$2"
	if [ "$3" = tunnel ]; then
		sp_pair A B "${IN1[$4]}" "${IN2[$4]}" tunnel "$a" "$b"
	else
		sp_pair A B "$a" "$b" transport "$a" "$b"
	fi
	commit
}

# t_pair ENC AUTH MODE INNER OUTER - pings of several sizes both ways, counters stay still; both demand protection
t_pair()
{
	local from=${OUT1[$4]} to=${OUT2[$4]}

	[ "$3" = transport ] || { from=${IN1[$4]}; to=${IN2[$4]}; }
	keyed "$@" || return
	drops_mark A
	ping_ok A "$to" 57 2
	ping_ok A "$to" 1300 1
	ping_ok B "$from" 0 1
	drop_delta A
}

# t_shape ENC AUTH MODE INNER OUTER - the same with the wire watched, and packets larger than it
t_shape()
{
	local to=${OUT2[$4]}

	[ "$3" = transport ] || to=${IN2[$4]}
	mark_new
	cap_start WIRE left
	t_pair "$@"
	ping_some A "$to" 3001
	cap_stop
	assert_enc
}

t_tcp()
{
	keyed "$1" "$2" tunnel "$3" "$4" || return
	transfer TCP A B "${IN2[$3]}" 300000
	transfer TCP B A "${IN1[$3]}" 300000
}

t_esn()
{
	ESN=1 keyed "$1" "$2" transport 4 4 || return
	ping_ok A 10.0.0.2 100 5
	ping_ok B 10.0.0.1 100 5
}

# t_ah AUTH MODE INNER OUTER ALIGN - AH over IPv4 in units of 4 bytes (RFC 4302), or as the peer would have it
t_ah()
{
	local XFRM_FLAGS='' EXTRA=''

	case $5 in
	4) XFRM_FLAGS=align4 ;;
	8) EXTRA="-f align8" ;;
	esac
	t_pair - "$1" "$2" "$3" "$4"
}

# t_ah_esn - the upper half of the number is behind the packet
t_ah_esn()
{
	local XFRM_FLAGS=align4

	ESN=1 keyed - "$1" transport "$2" "$2" || return
	ping_ok A "${OUT2[$2]}" 100 5
	ping_ok B "${OUT1[$2]}" 100 5
}

# t_bundle V - ESP, and AH outside of it. Not the other way round: the stock stack takes for the ICV
# of AH inside of ESP the header as it came, with ESP's number in it, and so refuses its own packets
t_bundle()
{
	local a=${OUT1[$1]} b=${OUT2[$1]} PROTO="esp ah" XFRM_FLAGS

	sa_pair A B "$a" "$b" transport aes128 sha256
	XFRM_FLAGS=align4 sa_pair A B "$a" "$b" transport - sha256
	sp_pair A B "$a" "$b" transport "$a" "$b"
	commit || return
	drops_mark A
	ping_ok A "$b" 57 2
	ping_ok B "$a" 1200 1
	transfer TCP A B "$b" 100000
	ping_some A "$b" 3001
	drop_delta A
}

# bare_delta NODE - sets BARE: how many payloads IPComp has left as they were since the last time
bare_delta()
{
	local now

	now=$(n "$1" awk '$1 == "uncompressed" { print $2 }' /proc/net/testudo_stat)
	BARE=$((now - ${bare_last:-0}))
	bare_last=$now
}

# t_comp MODE INNER OUTER [PROTO] - IPComp, with PROTO around it; small packets and noise go uncompressed, and pass
t_comp()
{
	local a=${OUT1[$3]} b=${OUT2[$3]} from=${OUT1[$2]} to=${OUT2[$2]} PROTO="ipcomp ${4:+$4/transport}"
	local XFRM_FLAGS=''

	[ "$1" = transport ] || { from=${IN1[$2]}; to=${IN2[$2]}; }
	sa_pair A B "$a" "$b" "$1" comp
	case ${4:-} in
	esp) sa_pair A B "$a" "$b" transport aes128 sha256 ;;
	ah) XFRM_FLAGS=align4 sa_pair A B "$a" "$b" transport - sha256 ;;
	esac
	sp_pair A B "$from" "$to" "$1" "$a" "$b"
	commit || return
	drops_mark A
	bare_delta A
	ping_ok A "$to" 20 2
	bare_delta A
	[ "$BARE" -ge 2 ] || fail "small packets of A were compressed"
	ping_ok A "$to" 1300 2
	bare_delta A
	[ "$BARE" -eq 0 ] || fail "large packets of A were not compressed"
	ping_ok B "$from" 1300 1
	ping_ok B "$from" 0 1
	transfer TCP B A "$from" 50000
	# The stock stack of 7.3 counts less memory for what it has decompressed than that takes, and warns when
	# fragments or TCP segments of that are put together (skb_try_coalesce())
	if [ "${TESTUDO_KERNEL:-}" != 7.3 ]; then
		transfer TCP A B "$to" 50000
		ping_some A "$to" 3001
	fi
	drop_delta A
}

# t_comp_gro - noise, which goes uncompressed, through a card that may put IP in IP together
t_comp_gro()
{
	n A ethtool -K eth0 gro on || fail "no GRO"
	t_comp tunnel 4 4
	transfer TCP B A "${IN1[4]}" 400000
	n A ethtool -K eth0 gro off
}

# t_wrong - the peer has another key: nothing passes, and A counts why
t_wrong()
{
	sa_pair A B 10.0.0.1 10.0.0.2 transport aes128 sha256
	sp_pair A B 10.0.0.1 10.0.0.2 transport 10.0.0.1 10.0.0.2
	CONF[A]=${CONF[A]//$AK21/$(rnd_hex 32)}
	commit
	drops_mark A
	ping_dead A 10.0.0.2
	drop_delta A in_auth=+
}

need_module
setup_t2
addr A eth0 10.0.1.1/32 fd00:1::1/128
addr B eth0 10.0.2.1/32 fd00:2::1/128
ip -n "${RUN}A" route add 10.0.2.1 via 10.0.0.2 src 10.0.1.1
ip -n "${RUN}B" route add 10.0.1.1 via 10.0.0.1 src 10.0.2.1
ip -n "${RUN}A" route add fd00:2::1 via fd00::2 src fd00:1::1
ip -n "${RUN}B" route add fd00:1::1 via fd00::1 src fd00:2::1
# Host policies of IPv6 would cover neighbour discovery between the two: settle it once.
for side in "A fd00::2 B" "B fd00::1 A"; do
	read -r node far other <<<"$side"
	mac=$(n "$other" ip -br link show eth0 | awk '{ print $3 }')
	ip -n "$RUN$node" neigh replace "$far" lladdr "$mac" dev eth0 nud permanent
done

turn=0
shapes=("transport 4 4" "tunnel 4 4" "transport 6 6" "tunnel 6 6" "tunnel 4 6" "tunnel 6 4")
one()
{
	local shape=${shapes[$((turn++ % ${#shapes[@]}))]}

	# shellcheck disable=SC2086
	add_case "A04_interop_$1_$2_${shape// /_}" t_pair "$1" "$2" $shape
}
hashes=(sha256 md5 sha1 sha384 sha512 xcbc cmac)
while read -r kind enc _; do
	case $kind in
	aead)
		one "$enc" none
		;;
	cipher)
		one "$enc" "${hashes[$((turn % 7))]}"
		;;
	esac
done <"$LIB/wire/algs.tbl"
for auth in md5 sha1 sha384 sha512 xcbc cmac; do
	one aes128 "$auth"
done
for shape in "${shapes[@]}"; do
	# shellcheck disable=SC2086
	add_case "A07_interop_gcm_${shape// /_}" t_shape gcm16_256 none $shape
	# shellcheck disable=SC2086
	add_case "A07_interop_cbc_${shape// /_}" t_pair aes256 sha512 $shape
done
turn=0
for auth in "${hashes[@]}"; do
	shape=${shapes[$((turn++ % ${#shapes[@]}))]}
	# shellcheck disable=SC2086
	add_case "B02_interop_ah_${auth}_${shape// /_}" t_ah "$auth" $shape 4
done
for shape in "transport 4 4" "tunnel 6 4"; do
	# shellcheck disable=SC2086
	add_case "B08_interop_ah_align8_${shape// /_}" t_ah sha512 $shape 8
done
for v in 4 6; do
	add_case "B14_interop_ah_esn_$v" t_ah_esn sha256 $v
	add_case "B10_interop_bundle_esp_ah_$v" t_bundle $v
done
for shape in "${shapes[@]}"; do
	# shellcheck disable=SC2086
	add_case "C05_interop_comp_${shape// /_}" t_comp $shape
done
for shape in "transport 4 4" "tunnel 4 4" "tunnel 6 6"; do
	# shellcheck disable=SC2086
	add_case "C06_interop_comp_esp_${shape// /_}" t_comp $shape esp
done
add_case C07_interop_comp_ah_tunnel_4_4 t_comp tunnel 4 4 ah
add_case C05_interop_comp_gro_tunnel t_comp_gro
add_case G02_interop_tcp_4in4 t_tcp gcm16_128 none 4 4
add_case G02_interop_tcp_6in6 t_tcp aes128 sha256 6 6
add_case J09_interop_esn_gcm t_esn gcm16_128 none
add_case J09_interop_esn_cbc t_esn aes128 sha256
add_case A16_interop_wrong_key t_wrong
run_cases "$@"
