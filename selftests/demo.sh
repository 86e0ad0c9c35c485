#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# demo.sh - two hosts behind two gateways, one setkey file, real packets under
# ESP, for a person to watch. Needs root and the module loaded; `make demo` runs
# it in a virtual machine. Exit status 0 when every check at the end passed.

. "$(dirname "$0")/lib.sh"

CHECKS=0 FAILED=0
DEMO_BYTES=${DEMO_BYTES:-3M}

# step TEXT... - a headline
step()
{
	printf '\n== %s\n\n' "$*"
}

# say TEXT... - one indented line
say()
{
	printf '   %s\n' "$*"
}

# indent - indent what comes in
indent()
{
	sed 's/^/   /'
}

# check TEXT COMMAND... - one line of the verdict
check()
{
	local text=$1

	shift
	CHECKS=$((CHECKS + 1))
	if "$@" >"$WORKDIR/check" 2>&1; then
		printf '   PASS  %s\n' "$text"
	else
		FAILED=$((FAILED + 1))
		printf '   FAIL  %s\n' "$text"
		sed 's/^/         /' "$WORKDIR/check" | head -n 5
	fi
}

topology()
{
	cat <<-'END'
		   host A            gateway G1                 gateway G2            host B
		 10.0.1.2 ------- 10.0.1.1  20.0.0.1 ===== 20.0.0.2  10.0.2.1 ------- 10.0.2.2
		           clear              ESP tunnel, AES-GCM               clear

		 Each of the four is a network namespace of this kernel.
		 Only the gateways run IPsec; the hosts know nothing of it.
	END
}

build()
{
	node A G1 G2 B
	link A eth0 G1 in0
	wire G1 out0 G2 out0
	link G2 in0 B eth0
	addr A eth0 10.0.1.2/24
	addr G1 in0 10.0.1.1/24
	addr G1 out0 20.0.0.1/24
	addr G2 out0 20.0.0.2/24
	addr G2 in0 10.0.2.1/24
	addr B eth0 10.0.2.2/24
	route A default 10.0.1.1
	route B default 10.0.2.1
	route G1 10.0.2.0/24 20.0.0.2
	route G2 10.0.1.0/24 20.0.0.1
	forward G1 G2
}

# write_conf - the one file that keys both gateways but for the direction of the policies
write_conf()
{
	SPI1=0x$(rnd_hex 3)01 SPI2=0x$(rnd_hex 3)02
	KEY1=$(rnd_hex 20) KEY2=$(rnd_hex 20)
	cat >"$WORKDIR/gateways.conf" <<-END
		# from G1 to G2, and back: SPI, algorithm, key (16 bytes and 4 of salt)
		add 20.0.0.1 20.0.0.2 esp $SPI1 -m tunnel -r 1024 -E aes-gcm-16
		    0x$KEY1;
		add 20.0.0.2 20.0.0.1 esp $SPI2 -m tunnel -r 1024 -E aes-gcm-16
		    0x$KEY2;
	END
	cat >"$WORKDIR/G1.conf" <<-END
		# on G1: what goes from net A to net B must use the tunnel, and come so
		spdadd 10.0.1.0/24 10.0.2.0/24 any -P out ipsec
		    esp/tunnel/20.0.0.1-20.0.0.2/require;
		spdadd 10.0.2.0/24 10.0.1.0/24 any -P in ipsec
		    esp/tunnel/20.0.0.2-20.0.0.1/require;
	END
	sed 's/on G1/on G2/; s/ -P in/ -P IN/; s/ -P out/ -P in/; s/ -P IN/ -P out/; s/net A to net B/net B to net A/' \
		"$WORKDIR/G1.conf" >"$WORKDIR/G2.conf"
}

# show_packets - the same packets before and behind G1, a line each
show_packets()
{
	local inside=$WORKDIR/inside outside=$WORKDIR/outside

	tcpdump -nn -t -r "$1" "$3" 2>/dev/null | sed 's/^IP //; s/, id [0-9]*//; s/, length.*//; s/\[\(.\{1,3\}\)\], .*/[\1]/' |
		head -n "$4" >"$inside"
	tcpdump -nn -t -r "$2" 'ip proto 50' 2>/dev/null | sed 's/^IP //' | head -n "$4" >"$outside"
	{
		printf 'behind G1, clear\tbetween the gateways\n'
		paste "$inside" "$outside"
	} | awk -F '\t' '{ printf "   %-52s | %s\n", $1, $2 }'
}

only_esp()
{
	[ "$(tcpdump -nn -r "$MIDDLE" 'not arp and not ip6' 2>/dev/null | wc -l)" -gt 0 ] &&
		[ "$(tcpdump -nn -r "$MIDDLE" 'not arp and not ip6 and not (ip proto 50 and host 20.0.0.1 and host 20.0.0.2)' 2>/dev/null |
			tee /dev/stderr | wc -l)" -eq 0 ]
}

marked()
{
	grep -qa "$MARK" "$NEAR" && ! grep -qa "$MARK" "$MIDDLE"
}

no_drops()
{
	! { drops_all G1; drops_all G2; } | grep -v ' 0$'
}

main()
{
	[ "$(id -u)" -eq 0 ] || { echo "demo: needs root"; exit 1; }
	[ -e /proc/net/testudo_stat ] || { echo "demo: testudo.ko is not loaded"; exit 1; }

	step "The network (Linux $(uname -r))"
	topology | indent
	build

	step "The gateways are keyed: setkey -f on each"
	write_conf
	indent <"$WORKDIR/gateways.conf"
	indent <"$WORKDIR/G1.conf"
	say "(on G2 the two policies change places)"
	{ n G1 setkey -f "$WORKDIR/gateways.conf" && n G1 setkey -f "$WORKDIR/G1.conf" &&
		n G2 setkey -f "$WORKDIR/gateways.conf" && n G2 setkey -f "$WORKDIR/G2.conf"; } ||
		{ say "setkey failed"; exit 1; }

	step "A pings B: the same packets, before and behind gateway G1"
	mark_new
	cap_start WIRE left
	MIDDLE=$CAP MIDDLE_PID=$CAP_PID
	cap_start G1 in0
	NEAR=$CAP NEAR_PID=$CAP_PID
	n A ping -n -c 3 -i 0.2 -W 10 -p "$MARK_HEX" 10.0.2.2 >"$WORKDIR/ping"
	CAP=$MIDDLE CAP_PID=$MIDDLE_PID
	cap_stop
	CAP=$NEAR CAP_PID=$NEAR_PID
	cap_stop
	show_packets "$NEAR" "$MIDDLE" icmp 6

	step "A sends TCP to B"
	bg B iperf3 -s -1 -p 5201 >/dev/null 2>&1
	wait_for listening B -t 5201
	cap_start WIRE left
	n A timeout 60 iperf3 -c 10.0.2.2 -n "$DEMO_BYTES" -f m >"$WORKDIR/iperf" 2>&1
	IPERF=$?
	cap_stop
	say "$(awk '/receiver/ { print "throughput of TCP through the tunnel: " $7, $8 " (" $5, $6 " received)" }' "$WORKDIR/iperf")"
	say "(an emulated processor is many times slower than a real one)"
	say "frames between the gateways: $(in_cap 'ip proto 50') ESP, largest $(tcpdump -nn -r "$CAP" 2>/dev/null |
		sed -n 's/.*length \([0-9]*\)$/\1/p' | sort -n | tail -n 1) bytes of IP payload"

	step "The SAD of G1: setkey -D"
	n G1 setkey -D | indent
	step "The SPD of G1: setkey -DP"
	n G1 setkey -DP | indent
	step "What the module counted: /proc/net/testudo_stat, lines that are not 0"
	for gw in G1 G2; do
		# shellcheck disable=SC2016
		say "$gw: $(n "$gw" awk '$2 != 0 { printf "%s %s  ", $1, $2 }' /proc/net/testudo_stat)"
	done

	step "Verdict"
	check "all 3 pings answered" grep -q ' 0% packet loss' "$WORKDIR/ping"
	check "iperf3 sent $DEMO_BYTES and all arrived" [ "$IPERF" -eq 0 ]
	check "nothing but ESP between the gateways while A pinged" only_esp
	check "the pings' text ($MARK) is readable behind G1, nowhere between the gateways" marked
	check "an ESP written in Python opens every packet with the file's keys, and finds the text" \
		/usr/bin/python3 "$LIB/wire/wirepeer.py" pcap "$MIDDLE" --sa "$SPI1:gcm16_128:$KEY1" --sa "$SPI2:gcm16_128:$KEY2" --mark "$MARK"
	check "no gateway dropped a packet" no_drops
	echo
	if [ "$FAILED" -eq 0 ]; then
		say "PASS: $CHECKS of $CHECKS checks. The two networks talk, and the wire between them shows only ESP."
	else
		say "FAIL: $FAILED of $CHECKS checks."
	fi
	[ "$FAILED" -eq 0 ]
}

main
