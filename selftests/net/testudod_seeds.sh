#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Do the two configurations that this project started from key a network as their
# authors meant: the laptop whose all traffic goes to a gateway, and the wireless
# network with transport mode between its hosts and tunnels to all the rest?
#
# kernels: 6.12
# timeout: 600
#
#   A 10.3.0.2 ===.
#                 WIRE === B 10.3.0.1, 10.9.0.1 ---- C 10.9.0.2
#
# Both files are read where their authors had them, in /etc/racoon of a machine of
# the test's own. The openssl recipe is that of the second document, without its
# link by hash.

TEST_TIMEOUT=${TEST_TIMEOUT:-90}
. "$(dirname "$0")/../lib.sh"

NOISE="($NOISE or udp port 500)"
SAMPLES=$LIB/../userspace/testudod/samples
ALL=0.0.0.0/0
declare -A DAEMON

# start NODE FILE - with a /run of its own. It has its ports before it has asked the kernel to tell it of packets
# without an SA, and by then such a packet is dropped and counted
start()
{
	: >"$WORKDIR/$1.log"
	bg "$1" unshare -m sh -c "mount -t tmpfs tmpfs /run && exec testudod -F -d --allow-insecure -f $2" >>"$WORKDIR/$1.log" 2>&1
	DAEMON[$1]=$BG_PID
	wait_for n "$1" nsenter -m -t "$BG_PID" testudoctl status || fail "testudod does not start in $1: $(tail -n 3 "$WORKDIR/$1.log")"
}

stop()
{
	local one

	for one in A B; do
		[ -z "${DAEMON[$one]:-}" ] || { kill "${DAEMON[$one]}"; wait "${DAEMON[$one]}" 2>/dev/null; }
		[ "$(n $one setkey -D | grep -c state=mature)" -eq 0 ] || fail "SAs are left in $one when testudod has ended"
		DAEMON[$one]=
	done
}

logs()
{
	fail "$1; A: $(grep -v DEBUG "$WORKDIR/A.log" | tail -n 5); B: $(grep -v DEBUG "$WORKDIR/B.log" | tail -n 5)"
}

# mode_pairs N TUNNEL TRANSPORT - mature SAs of ESP there, by mode
mode_pairs()
{
	local sas

	sas=$(n "$1" setkey -D | grep "esp mode=")
	[ "$(grep -c mode=tunnel <<<"$sas")" -eq "$2" ] && [ "$(grep -c mode=transport <<<"$sas")" -eq "$3" ]
}

# watched - start looking at the link; seen - nothing was there in clear
watched()
{
	mark_new
	cap_start WIRE left
	drops_mark A
	drops_mark B
}

seen()
{
	drop_delta A
	drop_delta B
	cap_stop
	assert_enc
}

laptop_policies()
{
	n A setkey -c <<-END
		spdadd 10.3.0.2 $ALL any -P out ipsec esp/tunnel/10.3.0.2-10.3.0.1/require;
		spdadd $ALL 10.3.0.2 any -P in ipsec esp/tunnel/10.3.0.1-10.3.0.2/require;
	END
	n B setkey -c <<-END
		spdadd $ALL 10.3.0.2 any -P out ipsec esp/tunnel/10.3.0.1-10.3.0.2/require;
		spdadd 10.3.0.2 $ALL any -P in ipsec esp/tunnel/10.3.0.2-10.3.0.1/require;
	END
}

# t_laptop MODES WHO - its exchange modes in that order; WHO sends the first packet
t_laptop()
{
	local to=10.9.0.2

	flush A
	flush B
	sed "s/^\(\texchange_mode\) .*/\1 $1;/" "$SAMPLES/seed-laptop.conf" >/etc/racoon/racoon.conf
	printf '10.3.0.1 password\n10.3.0.2 password\nmacuser@localhost password\n' >/etc/racoon/psk.txt
	chmod 600 /etc/racoon/psk.txt
	laptop_policies
	start B /etc/racoon/racoon.conf
	start A /etc/racoon/racoon.conf
	watched
	[ "$2" = A ] || to=10.3.0.2
	ping_some "${2/B/C}" $to 56
	wait_for mode_pairs A 2 0 || logs "not a pair of SAs: $(n A setkey -D | grep esp)"
	ping_ok A 10.9.0.2 1000 2
	ping_ok A 10.3.0.1 1000 2
	transfer TCP A C 10.9.0.2 50000
	seen
	grep -q "begin ${3:-Identity Protection} mode" "$WORKDIR/$2.log" || logs "it was not ${3:-Identity Protection} mode"
	stop
}

# wireless_files CA-AT-B - as the document has them, "modulo the certificate and key file names"
wireless_files()
{
	sed 's/nagasaki/a/g' "$SAMPLES/seed-wireless.conf" >/etc/racoon/a.conf
	sed 's/nagasaki/b/g' "$SAMPLES/seed-wireless.conf" >/etc/racoon/b.conf
	[ "$1" = yes ] || sed -i 's|/etc/racoon/certs|/etc/racoon/certs-b|' /etc/racoon/b.conf
}

# certificates - the recipe, with answers instead of questions
certificates()
{
	local one dn="/C=US/O=Wireless"

	[ ! -d /etc/racoon/certs ] || return 0
	mkdir /etc/racoon/certs /etc/racoon/certs-b
	cd /etc/racoon/certs || return
	sed 's|^dir\([[:space:]]*\)=.*|dir\1= .|' /etc/ssl/openssl.cnf >openssl.cnf
	echo -n >index.txt
	echo 01 >serial
	openssl req -config openssl.cnf -new -x509 -nodes -subj "$dn/CN=The CA" -keyout ca.key -out ca.cert -days 1461
	for one in a b; do
		openssl req -config openssl.cnf -nodes -new -newkey rsa:1024 -subj "$dn/CN=$one" -keyout $one.key -out $one.req -days 1461
		openssl ca -batch -notext -config openssl.cnf -outdir . -out $one.cert -in $one.req -cert ca.cert -keyfile ca.key \
			-days 1461 -policy policy_anything
	done
	rm ./*.req
	chmod go= ./*.key
	cp b.cert b.key ../certs-b
	cd - || return
} >>"$WORKDIR/openssl.log" 2>&1

wireless_policies()
{
	n A setkey -c <<-END
		spdadd 10.3.0.2 10.3.0.2 any -P out none;
		spdadd 10.3.0.2 10.3.0.2 any -P in none;
		spdadd 10.3.0.2 10.3.0.63 any -P out none;
		spdadd 10.3.0.63 10.3.0.2 any -P in none;
		spdadd 10.3.0.2 10.3.0.0/26 any -P out ipsec ${1}esp/transport//require;
		spdadd 10.3.0.0/26 10.3.0.2 any -P in ipsec ${1}esp/transport//require;
		spdadd 10.3.0.2 $ALL any -P out ipsec esp/tunnel/10.3.0.2-10.3.0.1/require;
		spdadd $ALL 10.3.0.2 any -P in ipsec esp/tunnel/10.3.0.1-10.3.0.2/require;
	END
	n B setkey -c <<-END
		spdadd 10.3.0.1 10.3.0.0/26 any -P out ipsec ${1}esp/transport//require;
		spdadd 10.3.0.0/26 10.3.0.1 any -P in ipsec ${1}esp/transport//require;
		spdadd $ALL 10.3.0.2 any -P out ipsec esp/tunnel/10.3.0.1-10.3.0.2/require;
		spdadd 10.3.0.2 $ALL any -P in ipsec esp/tunnel/10.3.0.2-10.3.0.1/require;
	END
}

# wireless CA-AT-B [IPCOMP] - both ends run
wireless()
{
	flush A
	flush B
	certificates || fail "the recipe: $(tail -n 3 "$WORKDIR/openssl.log")"
	wireless_files "$1"
	wireless_policies "${2:-}"
	start B /etc/racoon/b.conf
	start A /etc/racoon/a.conf
}

# t_wireless [IPCOMP] - transport and tunnel between the same two, and neither takes the other's SA
t_wireless()
{
	wireless yes "${1:-}"
	watched
	ping_some A 10.3.0.1 56
	wait_for mode_pairs A 0 2 || logs "no pair for transport mode: $(n A setkey -D | grep esp)"
	ping_some A 10.9.0.2 56
	wait_for mode_pairs A 2 2 || logs "not a pair for each: $(n A setkey -D | grep esp)"
	ping_ok A 10.3.0.1 1000 2
	ping_ok B 10.3.0.2 1000 2
	ping_ok C 10.3.0.2 1000 2
	transfer TCP A C 10.9.0.2 50000
	transfer TCP A B 10.3.0.1 50000
	[ -z "${1:-}" ] || [ "$(n A setkey -D | grep -c ipcomp)" -eq 2 ] || fail "no SAs of IPComp"
	mode_pairs A 2 2 || fail "SAs stack up: $(n A setkey -D | grep esp)"
	mode_pairs B 2 2 || fail "SAs stack up: $(n B setkey -D | grep esp)"
	seen
	stop
}

# says NODE - its log names the CA in an error or a warning
says()
{
	grep -E 'ERROR|WARNING' "$WORKDIR/$1.log" | grep -q 'CN=The CA'
}

# asked - A tries, and both name the CA
asked()
{
	n A ping -n -c 1 -W 1 10.3.0.1
	says B && says A
}

# t_no_ca - "no log messages to tell you what the Hell is going on": a sentence at each end
t_no_ca()
{
	wireless no
	wait_for asked || logs "$(says A || echo "A does not say which CA B lacks")$(says B || echo "B does not say which CA it lacks")"
	[ "$(n A setkey -D | grep -c state=mature)" -eq 0 ] || fail "there are SAs"
	stop
}

need_testudo
[ -n "${TESTUDO_VM:-}" ] || skip_all "only in a machine of its own, as it needs /etc/racoon"
mkdir -p /etc/racoon
node A B C
wire A eth0 B eth0
link B eth1 C eth0
addr A eth0 10.3.0.2/24
addr B eth0 10.3.0.1/24
addr B eth1 10.9.0.1/24
addr C eth0 10.9.0.2/24
route A default 10.3.0.1
route C default 10.9.0.1
forward B

add_case S01_laptop_main t_laptop main,aggressive A
add_case S01_laptop_aggressive t_laptop aggressive,main B Aggressive
add_case S02_wireless t_wireless
add_case S02_wireless_deflate t_wireless 'ipcomp/transport//use '
add_case S02_wireless_no_ca t_no_ca
run_cases "$@"
