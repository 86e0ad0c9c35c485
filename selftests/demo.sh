#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# demo.sh - two hosts behind two gateways, real packets under ESP, for a person
# to watch. Needs root and the module loaded; `make demo` runs it in a virtual
# machine. Exit status 0 when every check at the end passed.
#
# DEMO says how the gateways get their keys:
#	racoon	two testudod with racoon.conf and psk.txt, IKEv1 (the default)
#	ikev2	the same two, IKEv2
#	certs	IKEv2 with certificates of a CA made on the spot
#	manual	one setkey file, no daemon

. "$(dirname "$0")/lib.sh"

CHECKS=0 FAILED=0
DEMO_BYTES=${DEMO_BYTES:-3M}
DEMO=${DEMO:-racoon}

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
		           clear                 ESP tunnel                     clear

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

# write_policies - what goes from net to net must use the tunnel, and come so
write_policies()
{
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

# key_manual - the one file that keys both gateways but for the direction of the policies
key_manual()
{
	local gw spi1 spi2 key1 key2

	step "The gateways are keyed: setkey -f on each"
	spi1=0x$(rnd_hex 3)01 spi2=0x$(rnd_hex 3)02
	key1=$(rnd_hex 20) key2=$(rnd_hex 20)
	cat >"$WORKDIR/gateways.conf" <<-END
		# from G1 to G2, and back: SPI, algorithm, key (16 bytes and 4 of salt)
		add 20.0.0.1 20.0.0.2 esp $spi1 -m tunnel -r 1024 -E aes-gcm-16
		    0x$key1;
		add 20.0.0.2 20.0.0.1 esp $spi2 -m tunnel -r 1024 -E aes-gcm-16
		    0x$key2;
	END
	indent <"$WORKDIR/gateways.conf"
	indent <"$WORKDIR/G1.conf"
	say "(on G2 the two policies change places)"
	for gw in G1 G2; do
		cat "$WORKDIR/gateways.conf" "$WORKDIR/$gw.conf" | n $gw setkey -f - || { say "setkey failed"; exit 1; }
	done
}

# make_certs - a CA and one certificate for each gateway
make_certs()
{
	local name

	for name in ca G1 G2; do
		openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$WORKDIR/$name.key"
	done
	openssl req -x509 -new -key "$WORKDIR/ca.key" -subj "/O=Testudo demo/CN=CA" -days 2 -out "$WORKDIR/ca.pem"
	for name in G1 G2; do
		openssl req -new -key "$WORKDIR/$name.key" -subj "/O=Testudo demo/CN=$name" |
			openssl x509 -req -CA "$WORKDIR/ca.pem" -CAkey "$WORKDIR/ca.key" -CAcreateserial -days 2 \
				-out "$WORKDIR/$name.pem" 2>/dev/null
	done
}

# write_racoon GATEWAY ADDRESS NAME - racoon.conf of one gateway, for its peer of that address and name
write_racoon()
{
	local auth=pre_shared_key who='my_identifier address; peers_identifier address;' cipher='aes 256' ike=''

	case $DEMO in
	ikev2 | certs) ike='testudo { ike_version 2; }' cipher='aes_gcm 128' ;;
	esac
	if [ "$DEMO" = certs ]; then
		auth=ecdsasig
		who="my_identifier asn1dn; peers_identifier asn1dn \"O=Testudo demo, CN=$3\";
		         verify_identifier on;
		         certificate_type x509 \"$1.pem\" \"$1.key\"; ca_type x509 \"ca.pem\";"
	fi
	cat >"$WORKDIR/$1.racoon" <<-END
		path pre_shared_key "$WORKDIR/psk.txt";
		path certificate "$WORKDIR";
		listen { adminsock "$WORKDIR/$1.sock"; }
		remote $2 {
		         exchange_mode main;
		         $who
		         proposal {
		                 encryption_algorithm aes 256;
		                 hash_algorithm sha256;
		                 authentication_method $auth;
		                 dh_group 14;
		         }
		         $ike
		}
		sainfo anonymous {
		         lifetime time 1 hour;
		         encryption_algorithm $cipher;
		         authentication_algorithm hmac_sha256;
		         compression_algorithm deflate;
		}
	END
	sed -i '/^ *$/d' "$WORKDIR/$1.racoon"
}

is_up()
{
	n "$1" testudoctl -s "$WORKDIR/$1.sock" status
}

# key_ike - a testudod on each gateway; the first packet makes them talk
key_ike()
{
	local gw secret

	step "The gateways are keyed by testudod: racoon.conf, $([ "$DEMO" = certs ] && echo certificates || echo psk.txt) and two policies on each"
	[ "$DEMO" != certs ] || make_certs
	write_racoon G1 20.0.0.2 G2
	write_racoon G2 20.0.0.1 G1
	secret=$(rnd_hex 16)
	printf '# peer and its secret\n20.0.0.1 %s\n20.0.0.2 %s\n' "$secret" "$secret" >"$WORKDIR/psk.txt"
	chmod 600 "$WORKDIR/psk.txt"
	indent <"$WORKDIR/G1.racoon"
	indent <"$WORKDIR/G1.conf"
	say "(on G2 the addresses change places)"
	for gw in G1 G2; do
		n $gw setkey -f "$WORKDIR/$gw.conf" || { say "setkey failed"; exit 1; }
		bg $gw testudod -F -f "$WORKDIR/$gw.racoon" >"$WORKDIR/$gw.log" 2>&1
		wait_for is_up $gw || { say "testudod does not start on $gw"; indent <"$WORKDIR/$gw.log"; exit 1; }
	done
	say "Both wait: nothing is negotiated until a packet asks for it."
}

# show_negotiation - what both daemons said about it
show_negotiation()
{
	[ "$DEMO" != manual ] || return
	step "What testudod said on G1"
	grep -E 'negotiation|established|NAT|mode\.' "$WORKDIR/G1.log" | sed 's/^[-0-9]* //' | cut -c 1-150 | indent
	step "Its status: testudoctl status"
	n G1 testudoctl -s "$WORKDIR/G1.sock" status | indent
}

# esp_options - the SAs of G1 as the ESP in Python takes them, from setkey -D
esp_options()
{
	n G1 setkey -D | awk '
		/spi=/ { match($0, /\(0x[0-9a-f]+\)/); spi = substr($0, RSTART + 1, RLENGTH - 2); sa = "" }
		/^\t[EA]: / { key = ""; for (i = 3; i <= NF; i++) key = key $i }
		/^\tE: aes-gcm-16/ { sa = spi ":gcm16_128:" key }
		/^\tE: aes-cbc/ { sa = spi ":aes256:" key }
		/^\tA: hmac-sha/ { sa = sa ":sha256:" key }
		/^\tesn=yes/ { sa = sa ":esn" }
		/^\tcreated:/ && sa != "" { print "--sa", sa; sa = "" }'
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
	local quiet='not arp and not ip6 and not (udp port 500 and host 20.0.0.1 and host 20.0.0.2)'

	[ "$(tcpdump -nn -r "$MIDDLE" "$quiet" 2>/dev/null | wc -l)" -gt 0 ] &&
		[ "$(tcpdump -nn -r "$MIDDLE" "$quiet and not (ip proto 50 and host 20.0.0.1 and host 20.0.0.2)" 2>/dev/null |
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

	write_policies
	case $DEMO in
	manual) key_manual ;;
	racoon | ikev2 | certs) key_ike ;;
	*) echo "demo: DEMO is racoon, ikev2, certs or manual"; exit 1 ;;
	esac

	step "A pings B: the same packets, before and behind gateway G1"
	mark_new
	cap_start WIRE left
	MIDDLE=$CAP MIDDLE_PID=$CAP_PID
	cap_start G1 in0
	NEAR=$CAP NEAR_PID=$CAP_PID
	n A ping -n -c 3 -i 0.2 -W 30 -p "$MARK_HEX" 10.0.2.2 >"$WORKDIR/ping"
	CAP=$MIDDLE CAP_PID=$MIDDLE_PID
	cap_stop
	CAP=$NEAR CAP_PID=$NEAR_PID
	cap_stop
	show_packets "$NEAR" "$MIDDLE" icmp 6
	show_negotiation
	read -ra ESP_OPTIONS <<<"$(esp_options | tr '\n' ' ')"

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
	check "nothing but ESP (and IKE) between the gateways while A pinged" only_esp
	check "the pings' text ($MARK) is readable behind G1, nowhere between the gateways" marked
	check "an ESP written in Python opens every packet with the file's keys, and finds the text" \
		/usr/bin/python3 "$LIB/wire/wirepeer.py" pcap "$MIDDLE" "${ESP_OPTIONS[@]}" --mark "$MARK"
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
