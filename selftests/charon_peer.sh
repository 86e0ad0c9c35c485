# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# charon_peer.sh - strongSwan on the stock stack in node B, as the peer that
# testudod.sh speaks of.
#
# Sourced after charon.sh and testudod.sh. $B_PEER is where B is to look for A: where it
# sees A, unless the test says another address, or %any.

STACK_OF[B]=xfrm
PEER_LOG="$WORKDIR/charon.log"
B_PEER=${B_PEER:-$A_SEEN}

# peer_conf VERSION AUTH MODE - ipsec.conf of B
peer_conf()
{
	local ver=$1 auth=$2 mode=$3 ca='' by=secret id=' leftid=b.test
 rightid=a.test' nets=" leftsubnet=$B_INSIDE/32
 rightsubnet=$A_INSIDE/32"

	case $auth in
	psk) [ "$ver" = 2 ] || id='' ;;
	*)
		ca="ca test
 cacert=$WORKDIR/$auth/ca.pem
 auto=add"
		by=pubkey
		id=" leftcert=$WORKDIR/$auth/b.pem
 leftid=\"C=DE, O=Test, CN=b.test\"
 rightid=\"C=DE, O=Test, CN=a.test\"
 rightca=%same" ;;
	esac
	[ "$mode" = tunnel ] || nets=
	cat >"$WORKDIR/ipsec.conf" <<-END
		$ca
		conn t
		 keyexchange=ikev$ver
		 left=$A_PEER
		 right=$B_PEER
		 type=$mode
		 authby=$by
		 auto=add
		 ike=aes256-sha256-modp2048!
		 esp=aes256-sha256-modp2048!
		 dpddelay=0
		 rekey=no
		$id
		$nets
	END
	sed -i '/^$/d' "$WORKDIR/ipsec.conf"
	case $auth in
	psk) echo ': PSK "secret"' ;;
	rsa) echo ": RSA $WORKDIR/rsa/b.key" ;;
	ecdsa) echo ": ECDSA $WORKDIR/ecdsa/b.key" ;;
	esac >"$WORKDIR/ipsec.secrets"
}

peer_start()
{
	start_charon B
}

peer_stop()
{
	[ -z "${CHARON:-}" ] || stop_charon
}

# peer_begin - B is told to begin
peer_begin()
{
	stroke up t || logs "stroke up: $(tail -n 1 "$WORKDIR/stroke.log")"
}
