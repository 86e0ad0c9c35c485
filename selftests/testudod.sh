# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# testudod.sh - testudod in node A, what it is told, and what must be true when it
# has come to terms with another daemon in node B.
#
# Sourced after lib.sh. The test has the other daemon's side: $PEER_LOG, its log, and
#	peer_conf VERSION AUTH MODE	writes its files
#	peer_start, peer_stop		waits until it is there; it need not run to be stopped
#	peer_begin			it is to begin

CTL="$WORKDIR/ctl"
# what A calls itself and its peer, and what the peer calls A
A_OWN=${A_OWN:-10.0.0.1}
A_PEER=${A_PEER:-10.0.0.2}
A_SEEN=${A_SEEN:-$A_OWN}
# what they are inside of tunnels
A_INSIDE=${A_INSIDE:-10.0.1.1}
B_INSIDE=${B_INSIDE:-10.0.2.1}

# make_pki KIND - a CA and a certificate for each end in $WORKDIR/KIND, as files of PEM
make_pki()
{
	local dir=$WORKDIR/$1 alg=() name

	[ ! -e "$dir/done" ] || return 0
	mkdir -p "$dir"
	case $1 in
	rsa) alg=(-algorithm RSA -pkeyopt rsa_keygen_bits:2048) ;;
	ecdsa | ec256) alg=(-algorithm EC -pkeyopt ec_paramgen_curve:P-256) ;;
	ec384) alg=(-algorithm EC -pkeyopt ec_paramgen_curve:P-384) ;;
	ec521) alg=(-algorithm EC -pkeyopt ec_paramgen_curve:P-521) ;;
	ed25519) alg=(-algorithm ED25519) ;;
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

# a_conf VERSION AUTH [LINE...] - racoon.conf of A, with these lines in its remote block
a_conf()
{
	local ver=$1 auth=$2 method id

	shift 2
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
		remote $A_PEER {
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
		 authentication_algorithm ${A_AUTH:-hmac_sha256};
		 compression_algorithm deflate;
		}
	END
	printf '%s secret\nb.test secret\n' "$A_PEER" >"$WORKDIR/psk.txt"
	chmod 600 "$WORKDIR/psk.txt"
}

# a_policies MODE - what A's kernel is to protect; MODE none: the peer is to say that
a_policies()
{
	if [ "$1" = none ]; then
		return
	elif [ "$1" = tunnel ]; then
		n A setkey -c <<-END
			spdadd $A_INSIDE $B_INSIDE any -P out ipsec esp/tunnel/$A_OWN-$A_PEER/require;
			spdadd $B_INSIDE $A_INSIDE any -P in ipsec esp/tunnel/$A_PEER-$A_OWN/require;
		END
	else
		n A setkey -c <<-END
			spdadd $A_OWN $A_PEER any -P out ipsec esp/transport//require;
			spdadd $A_PEER $A_OWN any -P in ipsec esp/transport//require;
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

# logs WHY - it failed, and this is what both had said by then
logs()
{
	cp "$WORKDIR/testudod.log" "$PEER_LOG" "${TESTUDO_RESULTS:-/tmp}/" 2>/dev/null
	fail "$1; testudod: $(grep -v DEBUG "$WORKDIR/testudod.log" | tail -n 6); peer: $(tail -n 4 "$PEER_LOG")"
}

# keys_of NODE - "SOURCE DESTINATION SPI E|A ALGORITHM KEY" for each key in this project's SAD
keys_of()
{
	n "$1" setkey -D | awk '
		function done() { if (line != "") print line; line = "" }
		/^[^ \t]/ { done(); ends = $1 " " $2 }
		/spi=/ { match($0, /\(0x[0-9a-f]+\)/); spi = substr($0, RSTART + 1, RLENGTH - 2) }
		/^\t[EA]: / { done(); line = ends " " spi " " substr($1, 1, 1) " " $2 " "; $1 = $2 = "" }
		/^\t[a-z]+[=:]/ { done() }
		line != "" { gsub(/[ \t]/, ""); line = line $0 }
		END { done() }'
}

# sad_of NODE - SPIs and keys in that kernel
sad_of()
{
	if [ "${STACK_OF[$1]:-testudo}" = xfrm ]; then
		ip -n "$RUN$1" xfrm state | awk '
			/proto esp spi/ { spi = $4 }
			/^\t(auth-trunc|auth|enc|aead) / { key = $3; sub(/^0x/, "", key); print spi, key }'
	else
		keys_of "$1" | awk '{ print $3, $6 }'
	fi | sort
}

# sads_same - both kernels hold the same SPIs with the same keys
sads_same()
{
	local a b

	a=$(sad_of A)
	b=$(sad_of B)
	[ -n "$a" ] && [ "$a" = "$b" ]
}

# sads_equal - they do, when both daemons have done what they agreed upon
sads_equal()
{
	wait_for sads_same || fail "the SADs differ: A has $(sad_of A | wc -l) keys, B $(sad_of B | wc -l)"
}

pairs()
{
	[ "$(n A setkey -D | grep -c state=mature)" -eq "$1" ]
}

# crosses MODE - traffic, protected, both ways, and nothing dropped
crosses()
{
	local to=$B_INSIDE back=$A_INSIDE

	[ "$1" = tunnel ] || to=$A_PEER back=$A_SEEN
	mark_new
	cap_start WIRE left
	drops_mark A
	ping_ok A "$to" 56 3
	ping_ok B "$back" 1000 3
	transfer TCP A B "$to" 50000
	drop_delta A
	cap_stop
	on_link
}

# on_link - the capture has what protects, and nothing else
on_link()
{
	assert_enc
}

# begin_peer MODE - the peer runs, and A's kernel knows what to protect
begin_peer()
{
	peer_stop 2>/dev/null
	flush A
	flush B
	a_policies "$1"
	peer_start || { logs "the peer does not start"; return 1; }
}

# begin MODE - both run, and nothing is negotiated yet
begin()
{
	begin_peer "$1" || return
	start_testudod || { logs "testudod does not start"; return 1; }
}

# comes_up MODE - a pair of SAs comes, and is good for traffic. Whoever began has what was agreed on last: its SAs, then
# its policies, without which it sends in clear and takes nothing
comes_up()
{
	local back=$A_INSIDE

	[ "$1" = tunnel ] || back=$A_SEEN
	wait_for pairs 2 || { logs "no pair of SAs"; return; }
	wait_for sads_same || { logs "the peer lacks them"; return; }
	ping_some B "$back" 56
	crosses "$1"
	sads_equal
	[ ${#WHY[@]} -eq 0 ] || logs "after that"
}

# t_pair VERSION AUTH MODE WHO - WHO begins: A by a packet, B by a word
t_pair()
{
	local ver=$1 auth=$2 mode=$3 who=$4 to=$B_INSIDE

	[ "$auth" = psk ] || make_pki "$auth"
	[ "$mode" = tunnel ] || to=$A_PEER
	a_conf "$ver" "$auth"
	peer_conf "$ver" "$auth" "$mode"
	begin "$mode" || return
	if [ "$who" = A ]; then
		# it waits for its SA
		ping_some A "$to" 56
	else
		peer_begin
	fi
	comes_up "$mode"
	stop_testudod
	[ "$(n A setkey -D | grep -c spi=)" -eq 0 ] || fail "SAs are left when testudod has ended"
}
