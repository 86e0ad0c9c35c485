#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does Documentation/five-minutes.rst lead to a tunnel, when somebody types what it says?
#
# kernels: 6.12
# timeout: 300
#
#   H1 10.0.1.2 ---- 10.0.1.1 A 192.0.2.1 ==== 192.0.2.2 B 10.0.2.1 ---- 10.0.2.2 H2
#
# What is typed and written comes from the page itself, block by block, into an /etc
# and a /run that each gateway has for itself. Left out: what installs, and systemd,
# in whose place the page's "to look on" is taken.

TEST_TIMEOUT=${TEST_TIMEOUT:-60}
. "$(dirname "$0")/../lib.sh"

PAGE=$LIB/../Documentation/five-minutes.rst
declare -A MOUNTS

# block N - the Nth literal block of the page
block()
{
	awk -v want="$1" '
		on && /^[^ ]/ { on = 0 }
		on { sub(/^    /, ""); if (n == want && NF) print }
		/::$/ { on = 1; n++ }' "$PAGE"
}

# swapped - the same on B, where the addresses and the letters change places
swapped()
{
	sed -E 's/192\.0\.2\.1\b/@/g; s/192\.0\.2\.2\b/192.0.2.1/g; s/@/192.0.2.2/g
		s/"a\./"@./g; s/"b\./"a./g; s/"@\./"b./g'
}

# on NODE WORDS... - typed there
on()
{
	n "$1" nsenter -m -t "${MOUNTS[$1]}" sh -ec "$2" 2>&1
}

# gateway NODE - files and a /run of its own
gateway()
{
	bg "$1" unshare -m sh -c "mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /etc/racoon &&
		: >/run/ipsec.conf && mount --bind /run/ipsec.conf /etc/ipsec.conf && : >/run/ready && exec sleep infinity"
	MOUNTS[$1]=$BG_PID
	wait_for on "$1" 'test -e /run/ready' || skip_all "no mount namespace"
	on "$1" 'mkdir -p /etc/racoon/certs'
}

# write NODE FILE - its standard input
write()
{
	n "$1" nsenter -m -t "${MOUNTS[$1]}" sh -c "cat >$2"
}

# checked NODE - testudod -t has nothing against its files
checked()
{
	local said

	said=$(on "$1" "$(block 7)") && grep -q 'no errors' <<<"$said" || fail "testudod -t in $1: $said"
}

t_secret()
{
	local secret

	block 3 | write A /etc/ipsec.conf
	block 3 | sed 's/-P out/-P @/; s/-P in/-P out/; s/-P @/-P in/' | write B /etc/ipsec.conf
	on A "$(block 4)"
	on B "$(block 4)"
	mark_new
	cap_start WIRE left
	ping_dead H1 10.0.2.2
	block 5 | write A /etc/racoon/racoon.conf
	block 5 | swapped | write B /etc/racoon/racoon.conf
	on A "$(block 6)"
	secret=$(on A 'cat /etc/racoon/psk.txt')
	(umask 077; on B "umask 077; echo '192.0.2.1 ${secret#* }' >/etc/racoon/psk.txt")
	checked A
	checked B
	block 8 | grep -q 'testudod -F' || fail "the page does not say how to look on"
	for one in A B; do
		bg $one nsenter -m -t "${MOUNTS[$one]}" testudod -F >"$WORKDIR/$one.log" 2>&1
		wait_for on $one 'testudoctl status' || fail "testudod does not start in $one: $(cat "$WORKDIR/$one.log")"
	done
	[ "$(block 9)" = "ping 10.0.2.2" ] || fail "the page pings something else: $(block 9)"
	# it waits for its SA
	expect n H1 ping -n -c 1 -W 30 -p "$MARK_HEX" 10.0.2.2
	on A "$(block 10)" | grep -q '10.0.1.0/24 - 10.0.2.0/24 *up' || fail "status: $(on A "$(block 10)")"
	ping_ok H2 10.0.1.2 1000 2
	on A "$(block 11 | grep '^testudoctl why 10')" | grep -q 'protected' || fail "why: $(on A "$(block 11)")"
	cap_stop
	NOISE="($NOISE or udp port 500 or udp port 4500)" assert_enc
}

t_certificates()
{
	local one dir=$WORKDIR/ca

	mkdir "$dir"
	(cd "$dir" && eval "$(block 12)") >"$dir/log" 2>&1 || fail "openssl: $(tail -n 3 "$dir/log")"
	for one in A B; do
		for file in ca.pem ${one,}.pem ${one,}.key; do
			write $one "/etc/racoon/certs/$file" <"$dir/$file"
		done
		on $one "chmod 600 /etc/racoon/certs/*.key"
	done
	block 13 | write A /etc/racoon/racoon.conf
	block 13 | swapped | write B /etc/racoon/racoon.conf
	on B "$(block 14)" >"$WORKDIR/reload.B" || fail "reload in B: $(cat "$WORKDIR/reload.B")"
	on A "$(block 14)" >"$WORKDIR/reload.A" || fail "reload in A: $(cat "$WORKDIR/reload.A")"
	wait_for by_certificate || fail "status: $(on A 'testudoctl status -v'); A: $(tail -n 3 "$WORKDIR/A.log"); B: $(tail -n 3 "$WORKDIR/B.log")"
	ping_some H1 10.0.2.2 56
}

# by_certificate - the identities are those of the certificates, and their days are counted
by_certificate()
{
	on A 'testudoctl status -v' >"$WORKDIR/status" && grep -q 'b.example.net' "$WORKDIR/status" &&
		grep -q ' up ' "$WORKDIR/status" && grep -q '36[0-9] *d' "$WORKDIR/status"
}

flush_all()
{
	CONF=()
}

need_testudo
[ -n "${TESTUDO_VM:-}" ] || skip_all "only in a machine of its own, as it mounts over /etc/racoon"
mkdir -p /etc/racoon
touch /etc/ipsec.conf
node H1 A B H2
link H1 eth0 A in0
wire A out0 B out0
link B in0 H2 eth0
addr H1 eth0 10.0.1.2/24
addr A in0 10.0.1.1/24
addr A out0 192.0.2.1/24
addr B out0 192.0.2.2/24
addr B in0 10.0.2.1/24
addr H2 eth0 10.0.2.2/24
route H1 default 10.0.1.1
route H2 default 10.0.2.1
route A 10.0.2.0/24 192.0.2.2
route B 10.0.1.0/24 192.0.2.1
forward A B
gateway A
gateway B
add_case U01_secret t_secret
add_case U02_certificates t_certificates
run_cases "$@"
