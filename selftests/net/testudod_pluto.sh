#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does testudod, over this project's stack, come to terms with libreswan on the
# stock stack: both IKE versions, tunnel and transport mode, whoever begins?
#
# kernels: 6.12
# timeout: 900
#
#   A (testudod, Testudo)  10.0.0.1 ---- B (pluto, stock xfrm)  10.0.0.2
#     inside 10.0.1.1                      inside 10.0.2.1

TEST_TIMEOUT=${TEST_TIMEOUT:-90}
. "$(dirname "$0")/../lib.sh"
. "$LIB/testudod.sh"

STACK_OF[B]=xfrm
NOISE="($NOISE or udp port 500 or udp port 4500)"
PEER_LOG="$WORKDIR/pluto.log"
RUNDIR=$WORKDIR/pluto

# libreswan PROGRAM... - one of its programs, with the libraries it came with
libreswan()
{
	LD_LIBRARY_PATH=$PEERS/usr/lib/x86_64-linux-gnu "$PEERS/usr/$1" "${@:2}"
}

# pluto PROGRAM... - the same in B
pluto()
{
	n B env LD_LIBRARY_PATH="$PEERS/usr/lib/x86_64-linux-gnu" "$PEERS/usr/libexec/ipsec/$1" "${@:2}"
}

# lay_pluto - where pluto looks for its helpers, whatever it is told, in a machine of the test's own
lay_pluto()
{
	[ -n "${TESTUDO_VM:-}" ] && mkdir -p /run/pluto /usr/libexec/ipsec || return
	mountpoint -q /usr/libexec/ipsec || mount --bind "$PEERS/usr/libexec/ipsec" /usr/libexec/ipsec
}

# peer_conf VERSION AUTH MODE - ipsec.conf of B
peer_conf()
{
	local ver=no id='' nets=''

	if [ "$1" = 2 ]; then
		ver=insist
		id=' leftid=@b.test
 rightid=@a.test'
	fi
	[ "$3" = transport ] || nets=' leftsubnet=10.0.2.1/32
 rightsubnet=10.0.1.1/32'
	cat >"$WORKDIR/pluto.conf" <<-END
		config setup
		 nssdir=$WORKDIR/nss
		 secretsfile=$WORKDIR/pluto.secrets
		 logfile=$PEER_LOG
		 ikev1-policy=accept
		conn t
		 ikev2=$ver
		 left=10.0.0.2
		 right=10.0.0.1
		 type=$3
		 authby=secret
		 ike=aes256-sha2_256;modp2048
		 phase2alg=aes256-sha2_256;modp2048
		 leftupdown=%disabled
		 rekey=no
		 salifetime=1h
		$id
		$nets
	END
	sed -i '/^$/d' "$WORKDIR/pluto.conf"
	echo ': PSK "secret"' >"$WORKDIR/pluto.secrets"
}

# whack WORD... - tell pluto something
whack()
{
	pluto whack --rundir "$RUNDIR" "$@" >>"$WORKDIR/pluto.out" 2>&1
}

peer_start()
{
	mkdir -p "$RUNDIR"
	rm -f "$RUNDIR"/*
	: >"$PEER_LOG"
	# bg, so that it ends with the test, and can be waited for
	bg B env LD_LIBRARY_PATH="$PEERS/usr/lib/x86_64-linux-gnu" "$PEERS/usr/libexec/ipsec/pluto" --nofork \
		--rundir "$RUNDIR" --config "$WORKDIR/pluto.conf" >>"$WORKDIR/pluto.out" 2>&1
	PLUTO=$BG_PID
	wait_for whack --status || return
	pluto addconn --ctlsocket "$RUNDIR/pluto.ctl" --config "$WORKDIR/pluto.conf" t >>"$WORKDIR/pluto.out" 2>&1 &&
		whack --listen
}

# peer_stop - and wait for it: it no longer answers before it has given its ports back
peer_stop()
{
	[ -n "${PLUTO:-}" ] || return 0
	whack --shutdown || kill "$PLUTO"
	wait "$PLUTO"
	PLUTO=
}

# peer_begin - B is told to begin
peer_begin()
{
	whack --initiate --asynchronous --name t
}

# made N - pluto has made that many pairs of SAs
made()
{
	[ "$(grep -c 'IPsec SA established\|established Child SA\|rekeyed Child SA' "$PEER_LOG")" -ge "$1" ]
}

# t_rekey VERSION - pluto makes new SAs in place of the old ones, under traffic, and none is lost
t_rekey()
{
	local n

	a_conf "$1" psk
	peer_conf "$1" psk tunnel
	begin tunnel || return
	ping_some A 10.0.2.1 56
	wait_for pairs 2 || logs "no pair of SAs"
	drops_mark A
	steady A 10.0.2.1
	for n in 2 3; do
		whack --rekey-ipsec --asynchronous --name t
		wait_for made $n || logs "$n pairs were not made"
	done
	# the old ones go
	wait_for pairs 2 || fail "SAs pile up: $(n A setkey -D | grep -c state=mature)"
	steady_end || logs "under rekeying"
	drop_delta A
	sads_equal
	stop_testudod
}

need_testudo
PEERS=$("$LIB/vm/peers" -q) && lay_pluto && libreswan libexec/ipsec/pluto --version >/dev/null 2>&1 ||
	skip_all "no libreswan that runs: selftests/vm/peers gets it"
setup_t2_inside
mkdir "$WORKDIR/nss"
libreswan bin/certutil -N -d "sql:$WORKDIR/nss" --empty-password

for ver in 1 2; do
	add_case "P12_v${ver}_tunnel_A" t_pair $ver psk tunnel A
	add_case "P12_v${ver}_transport_B" t_pair $ver psk transport B
done
# it forces no rekeying of an IKEv1 connection
add_case P13_v2_rekey_by_pluto t_rekey 2
run_cases "$@"
