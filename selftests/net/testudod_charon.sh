#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does testudod, over this project's stack, come to terms with strongSwan on the
# stock stack: both IKE versions, keys and certificates, tunnel and transport
# mode, whoever begins; under NAT, rekeying, a peer that dies?
#
# kernels: 6.12
# timeout: 1500
#
#   A (testudod, Testudo)  10.0.0.1 ---- B (charon, stock xfrm)  10.0.0.2
#     inside 10.0.1.1                      inside 10.0.2.1
#
# After each negotiation traffic crosses both ways, and the SADs of both ends
# hold the same SPIs and keys.

TEST_TIMEOUT=${TEST_TIMEOUT:-90}
. "$(dirname "$0")/../lib.sh"
. "$LIB/charon.sh"

STACK_OF[B]=xfrm
NOISE="($NOISE or udp port 500 or udp port 4500)"
CTL="$WORKDIR/ctl"

# make_pki KIND - a CA and a certificate for each end in $WORKDIR/KIND, as files of PEM
make_pki()
{
	local dir=$WORKDIR/$1 alg=() name

	[ ! -e "$dir/done" ] || return 0
	mkdir -p "$dir"
	case $1 in
	rsa) alg=(-algorithm RSA -pkeyopt rsa_keygen_bits:2048) ;;
	ecdsa) alg=(-algorithm EC -pkeyopt ec_paramgen_curve:P-256) ;;
	esac
	for name in ca a b; do
		openssl genpkey -quiet "${alg[@]}" -out "$dir/$name.key"
		chmod 600 "$dir/$name.key"
	done
	openssl req -x509 -new -key "$dir/ca.key" -subj "/C=DE/O=Test/CN=$1 CA" -days 30 -out "$dir/ca.pem"
	for name in a b; do
		openssl req -new -key "$dir/$name.key" -subj "/C=DE/O=Test/CN=$name.test" -out "$dir/$name.req"
		openssl x509 -req -in "$dir/$name.req" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days 30 \
			-extfile <(echo "subjectAltName=DNS:$name.test") -out "$dir/$name.pem"
	done
	touch "$dir/done"
} >>"$WORKDIR/pki.log" 2>&1

# a_conf VERSION AUTH MODE [LINE...] - racoon.conf of A, with these lines in its remote block
a_conf()
{
	local ver=$1 auth=$2 method id

	shift 3
	case $auth in
	psk) method=pre_shared_key id='my_identifier fqdn "a.test"; peers_identifier fqdn "b.test";' ;;
	*) method=rsasig id='my_identifier asn1dn; peers_identifier asn1dn "C=DE, O=Test, CN=b.test";' ;;
	esac
	[ "$auth" != ecdsa ] || method=ecdsasig
	# main mode knows no name before the key
	[ "$ver $auth" != "1 psk" ] || id='my_identifier address; peers_identifier address;'
	cat >"$WORKDIR/racoon.conf" <<-END
		path pre_shared_key "$WORKDIR/psk.txt";
		path certificate "$WORKDIR/${auth/psk/}";
		listen { adminsock "$CTL"; }
		remote 10.0.0.2 {
		 exchange_mode main;
		 $id
		 verify_identifier on;
		 $([ "$auth" = psk ] || echo "certificate_type x509 \"a.pem\" \"a.key\"; ca_type x509 \"ca.pem\";")
		 proposal { encryption_algorithm aes 256; hash_algorithm sha256; authentication_method $method; dh_group 14; }
		 testudo { ike_version $ver; }
		 $*
		}
		sainfo anonymous {
		 ${A_PFS:-pfs_group 14;}
		 lifetime time ${A_LIFE:-1 hour};
		 encryption_algorithm aes 256;
		 authentication_algorithm hmac_sha256;
		 compression_algorithm deflate;
		}
	END
	printf '10.0.0.2 secret\nb.test secret\n' >"$WORKDIR/psk.txt"
	chmod 600 "$WORKDIR/psk.txt"
}

# b_conf VERSION AUTH MODE [LINE...] - ipsec.conf of B
b_conf()
{
	local ver=$1 auth=$2 mode=$3 by=secret id=' leftid=b.test
 rightid=a.test' nets=' leftsubnet=10.0.2.1/32
 rightsubnet=10.0.1.1/32'

	shift 3
	case $auth in
	psk) [ "$ver" = 2 ] || id='' ;;
	*)
		by=pubkey
		id=" leftcert=$WORKDIR/$auth/b.pem
 leftid=\"C=DE, O=Test, CN=b.test\"
 rightid=\"C=DE, O=Test, CN=a.test\"
 rightca=%same" ;;
	esac
	[ "$mode" = tunnel ] || nets=
	{
		[ "$auth" = psk ] || echo "ca test
 cacert=$WORKDIR/$auth/ca.pem
 auto=add"
		echo "conn t
 keyexchange=ikev$ver
 left=10.0.0.2
 right=${B_RIGHT:-10.0.0.1}
 type=$mode
 authby=$by
 auto=add
 ike=aes256-sha256-modp2048!
 esp=aes256-sha256-modp2048!
 dpddelay=0
 rekey=no
$id
$nets"
		for line in "$@"; do
			echo " $line"
		done
	} >"$WORKDIR/ipsec.conf"
	case $auth in
	psk) echo ': PSK "secret"' ;;
	rsa) echo ": RSA $WORKDIR/rsa/b.key" ;;
	ecdsa) echo ": ECDSA $WORKDIR/ecdsa/b.key" ;;
	esac >"$WORKDIR/ipsec.secrets"
}

# a_policies MODE - what A's kernel is to protect
a_policies()
{
	if [ "$1" = tunnel ]; then
		n A setkey -c <<-END
			spdadd 10.0.1.1 10.0.2.1 any -P out ipsec esp/tunnel/10.0.0.1-10.0.0.2/require;
			spdadd 10.0.2.1 10.0.1.1 any -P in ipsec esp/tunnel/10.0.0.2-10.0.0.1/require;
		END
	else
		n A setkey -c <<-END
			spdadd 10.0.0.1 10.0.0.2 any -P out ipsec esp/transport//require;
			spdadd 10.0.0.2 10.0.0.1 any -P in ipsec esp/transport//require;
		END
	fi
}

start_testudod()
{
	: >"$WORKDIR/testudod.log"
	bg A testudod -F -d -f "$WORKDIR/racoon.conf" >>"$WORKDIR/testudod.log" 2>&1
	TESTUDOD=$BG_PID
	wait_for n A testudoctl -s "$CTL" status
}

# stop_testudod - it deletes what it made, and ends
stop_testudod()
{
	kill "$TESTUDOD" 2>/dev/null
	wait "$TESTUDOD"
}

logs()
{
	cp "$WORKDIR"/testudod.log "$WORKDIR"/charon.log "${TESTUDO_RESULTS:-/tmp}/" 2>/dev/null
	fail "$1; testudod: $(grep -v DEBUG "$WORKDIR/testudod.log" | tail -n 6); charon: $(tail -n 4 "$WORKDIR/charon.log")"
}

# sads_equal - both kernels hold the same SPIs with the same keys
sads_equal()
{
	local a b

	a=$(n A setkey -D | awk '
		/spi=/ { match($0, /\(0x[0-9a-f]+\)/); spi = substr($0, RSTART + 1, RLENGTH - 2) }
		/^\t[EA]: / { key = ""; for (i = 3; i <= NF; i++) key = key $i; print spi, key }' | sort)
	b=$(ip -n "${RUN}B" xfrm state | awk '
		/proto esp spi/ { spi = $4 }
		/^\t(auth-trunc|auth|enc) / { key = $3; sub(/^0x/, "", key); print spi, key }' | sort)
	[ -n "$a" ] && [ "$a" = "$b" ] && return
	fail "the SADs differ: A has $(wc -l <<<"$a") keys, B $(wc -l <<<"$b")"
}

pairs()
{
	[ "$(n A setkey -D | grep -c state=mature)" -eq "$1" ]
}

# crosses MODE - traffic, protected, both ways, and nothing dropped
crosses()
{
	local to=10.0.2.1 back=10.0.1.1

	[ "$1" = tunnel ] || to=10.0.0.2 back=10.0.0.1
	mark_new
	cap_start WIRE left
	drops_mark A
	ping_ok A "$to" 56 3
	ping_ok B "$back" 1000 3
	transfer TCP A B "$to" 50000
	drop_delta A
	cap_stop
	assert_enc
}

begin()
{
	stop_charon 2>/dev/null
	flush A
	flush B
	a_policies "$1"
	start_charon B || { logs "charon does not start"; return 1; }
	start_testudod || { logs "testudod does not start"; return 1; }
}

# t_pair VERSION AUTH MODE WHO - WHO begins: A by a packet, B by a word
t_pair()
{
	local ver=$1 auth=$2 mode=$3 who=$4 to=10.0.2.1

	[ "$auth" = psk ] || make_pki "$auth"
	[ "$mode" = tunnel ] || to=10.0.0.2
	a_conf "$ver" "$auth" "$mode"
	b_conf "$ver" "$auth" "$mode"
	begin "$mode" || return
	if [ "$who" = A ]; then
		# it waits for its SA; but charon takes its own from the last message of IKEv1's quick mode, and what
		# follows that may be there first
		ping_some A "$to" 56
	else
		stroke up t || logs "stroke up: $(tail -n 1 "$WORKDIR/stroke.log")"
	fi
	if wait_for pairs 2; then
		crosses "$mode"
		sads_equal
		[ ${#WHY[@]} -eq 0 ] || logs "after that"
	else
		logs "no pair of SAs"
	fi
	stop_testudod
	[ "$(n A setkey -D | grep -c spi=)" -eq 0 ] || fail "SAs are left when testudod has ended"
}

# established N - charon has made that many pairs of SAs
established()
{
	[ "$(grep -c 'CHILD_SA t{.*established with SPIs' "$WORKDIR/charon.log")" -ge "$1" ]
}

# t_rekey VERSION - lifetimes of seconds end under traffic: new SAs are made before the old ones go
t_rekey()
{
	local sent got before

	A_LIFE='12 sec' a_conf "$1" psk tunnel
	b_conf "$1" psk tunnel
	begin tunnel || return
	ping_some A 10.0.2.1 56
	before=$(grep -c 'CHILD_SA t{.*established with SPIs' "$WORKDIR/charon.log")
	drops_mark A
	bg A ping -n -q -i 0.2 -w 600 10.0.2.1 >"$WORKDIR/ping" 2>&1
	wait_for established $((before + 3)) || logs "no three rekeyings in $TEST_TIMEOUT s"
	kill -INT "$BG_PID" && wait "$BG_PID"
	read -r sent _ _ got _ <<<"$(grep transmitted "$WORKDIR/ping")"
	# IKEv1's responder has its SAs after the last message only: what we send right behind it may come too early
	[ $((sent - got)) -le $(($1 == 1 ? 4 : 0)) ] || logs "under rekeying: $sent sent, $got answered"
	drop_delta A
	[ "$(n A setkey -D | grep -c state=mature)" -le 8 ] || fail "SAs pile up: $(n A setkey -D | grep -c state=mature)"
	stop_testudod
}

# t_dead - the peer goes away without a word: DPD notices, and its SAs go
t_dead()
{
	a_conf "$1" psk tunnel 'dpd_delay 2; dpd_retry 1; dpd_maxfail 2;'
	b_conf "$1" psk tunnel
	begin tunnel || return
	ping_some A 10.0.2.1 56
	wait_for pairs 2 || logs "no pair of SAs"
	ip -n "${RUN}B" link set eth0 down
	wait_for pairs 0 || logs "the SAs of a dead peer stay"
	n A testudoctl -s "$CTL" why 10.0.0.2 >"$WORKDIR/why" 2>&1
	grep -qi 'no longer answers\|dead\|does not answer' "$WORKDIR/why" || fail "why says: $(head -n 3 "$WORKDIR/why")"
	ip -n "${RUN}B" link set eth0 up
	ip -n "${RUN}B" route replace 10.0.1.1 via 10.0.0.1 src 10.0.2.1
	stop_testudod
}

# t_why - proposals that do not meet, and keys that differ, are told in a sentence
t_why()
{
	a_conf 2 psk tunnel
	sed -i 's/dh_group 14/dh_group 16/' "$WORKDIR/racoon.conf"
	b_conf 2 psk tunnel
	begin tunnel || return
	n A ping -n -c 1 -W 1 10.0.2.1 >/dev/null
	wait_for grep -q 'ERROR' "$WORKDIR/testudod.log" || logs "no error"
	n A testudoctl -s "$CTL" why 10.0.0.2 >"$WORKDIR/why" 2>&1
	grep -qi 'proposal' "$WORKDIR/why" || fail "why says: $(head -n 5 "$WORKDIR/why")"
	stop_testudod
	a_conf 2 psk tunnel
	sed -i 's/ secret/ another/' "$WORKDIR/psk.txt"
	begin tunnel || return
	stroke up t
	wait_for grep -q 'ERROR' "$WORKDIR/testudod.log" || logs "no error"
	grep 'ERROR' "$WORKDIR/testudod.log" | grep -qi 'pre-shared key' || fail "it says: $(grep ERROR "$WORKDIR/testudod.log" | head -n 2)"
	! grep -q 'another' "$WORKDIR/testudod.log" || fail "the log has the key"
	stop_testudod
}

need_testudo
lay_peers >/dev/null 2>&1 || skip_all "no strongSwan: selftests/vm/peers gets it"
setup_t2
addr A eth0 10.0.1.1/32
addr B eth0 10.0.2.1/32
ip -n "${RUN}A" route add 10.0.2.1 via 10.0.0.2 src 10.0.1.1
ip -n "${RUN}B" route add 10.0.1.1 via 10.0.0.1 src 10.0.2.1
charon_conf aes sha1 sha2 md5 hmac kdf gmp openssl curve25519 gcm pem pkcs1 pkcs8 x509 pubkey constraints random nonce \
	kernel-netlink socket-default stroke

add_case P10_v1_psk_tunnel_A t_pair 1 psk tunnel A
add_case P10_v2_psk_transport_B t_pair 2 psk transport B
add_case P11_v1_rsa_A t_pair 1 rsa tunnel A
add_case P11_v2_ecdsa_B t_pair 2 ecdsa tunnel B
add_case P13_v2_rekey t_rekey 2
# the rest of the matrix: make check-nightly
if [ -n "${TESTUDO_NIGHTLY:-}" ]; then
	for ver in 1 2; do
		for mode in tunnel transport; do
			for who in A B; do
				add_case "P10_v${ver}_psk_${mode}_$who" t_pair $ver psk $mode $who
			done
		done
		add_case "P11_v${ver}_rsa_A" t_pair $ver rsa tunnel A
		add_case "P11_v${ver}_rsa_B" t_pair $ver rsa tunnel B
		add_case P13_v${ver}_rekey t_rekey $ver
		add_case P14_v${ver}_dead_peer t_dead $ver
	done
	add_case P11_v2_ecdsa_A t_pair 2 ecdsa tunnel A
	add_case P15_why t_why
fi
run_cases "$@"
