#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What an administrator does to a testudod that has tunnels: reload, restart, take
# an address away and give it back, ask it questions. Nothing of that costs a packet
# or an SA that need not go.
#
# kernels: 6.12
# timeout: 1200
#
#   A (testudod)  10.0.0.1 ---- B (testudod)  10.0.0.2
#     inside 10.0.1.1              inside 10.0.2.1
#
# Both ends are this project's: what they agree on is held against others in the
# tests beside this one.

TEST_TIMEOUT=${TEST_TIMEOUT:-90}
. "$(dirname "$0")/../lib.sh"
. "$LIB/testudod.sh"

NOISE="($NOISE or udp port 500 or udp port 4500)"
PEER_LOG="$WORKDIR/b.log"
A_OUT=$WORKDIR/said

# peer_conf VERSION psk MODE - racoon.conf of B, which takes what A says
peer_conf()
{
	local id='my_identifier fqdn "b.test"; peers_identifier fqdn "a.test";'

	[ "$1" = 2 ] || id='my_identifier address; peers_identifier address;'
	cat >"$WORKDIR/b.conf" <<-END
		path pre_shared_key "$WORKDIR/b.psk";
		listen { adminsock "$WORKDIR/b.ctl"; }
		remote 10.0.0.1 {
		 exchange_mode main;
		 $id
		 verify_identifier on;
		 passive on;
		 proposal_check obey;
		 proposal { encryption_algorithm aes 256; hash_algorithm sha256; authentication_method pre_shared_key; dh_group 14; }
		 testudo { ike_version $1; }
		}
		sainfo anonymous {
		 pfs_group 14;
		 lifetime time 1 hour;
		 encryption_algorithm aes 256;
		 authentication_algorithm hmac_sha256;
		 compression_algorithm deflate;
		}
	END
	printf '10.0.0.1 secret\na.test secret\n' >"$WORKDIR/b.psk"
	chmod 600 "$WORKDIR/b.psk"
}

peer_start()
{
	: >"$PEER_LOG"
	n B setkey -c <<-END
		spdadd 10.0.2.1 10.0.1.1 any -P out ipsec esp/tunnel/10.0.0.2-10.0.0.1/require;
		spdadd 10.0.1.1 10.0.2.1 any -P in ipsec esp/tunnel/10.0.0.1-10.0.0.2/require;
		spdadd 10.0.0.2 10.0.0.1 any -P out ipsec esp/transport//require ah/transport//require;
		spdadd 10.0.0.1 10.0.0.2 any -P in ipsec esp/transport//require ah/transport//require;
	END
	bg B testudod -F -d -f "$WORKDIR/b.conf" >>"$PEER_LOG" 2>&1
	PEER=$BG_PID
	wait_for n B testudoctl -s "$WORKDIR/b.ctl" status
}

peer_stop()
{
	[ -z "${PEER:-}" ] || { kill "$PEER"; wait "$PEER"; }
}

ctl()
{
	n A testudoctl -s "$CTL" "$@" >"$A_OUT" 2>&1
}

# said PATTERN - what the last ctl printed has it
said()
{
	grep -Eq -e "$1" "$A_OUT" || fail "no '$1' in: $(head -n 12 "$A_OUT")"
}

# up VERSION - a tunnel that works; SAS are its SAs
up()
{
	a_conf "$1" psk
	peer_conf "$1" psk tunnel
	begin tunnel || return
	ping_some A 10.0.2.1 56
	wait_for pairs 2 || { logs "no pair of SAs"; return 1; }
	SAS=$(sad_of A)
}

# ping_begin, ping_end - none of these is lost
ping_begin()
{
	drops_mark A
	steady A 10.0.2.1
}

ping_end()
{
	steady_end || logs "under traffic"
	drop_delta A
}

# same - not an SA came or went
same()
{
	[ "$(sad_of A)" = "$SAS" ] || fail "$1: the SAs are others"
}

# renewed - a pair is there, and no SA of before
renewed()
{
	pairs 2 && ! grep -qFf <(cut -d ' ' -f 1 <<<"$SAS") <<<"$(sad_of A)"
}

# complained N - there were more than N words about the bad file
complained()
{
	[ "$(grep -c exchange_mod "$WORKDIR/testudod.log")" -gt "$1" ]
}

# t_reload VERSION
t_reload()
{
	local before

	up "$1" || return
	ping_begin
	cp "$WORKDIR/racoon.conf" "$WORKDIR/good.conf"
	echo 'remote 10.0.0.9 { exchange_mod main; }' >>"$WORKDIR/racoon.conf"
	! ctl reload-config || fail "a bad file is taken"
	said "racoon.conf:[0-9]+:[0-9]+: "
	# what it has said to reload-config is no answer to the signal, after which it reads whatever is there then
	before=$(grep -c exchange_mod "$WORKDIR/testudod.log")
	kill -HUP "$TESTUDOD"
	wait_for complained "$before" || logs "no word about the bad file"
	same "a bad file"
	sed 's/^remote 10.0.0.2 /remote 10.0.0.9 /' "$WORKDIR/good.conf" | sed -n '/^remote/,/^}/p' >>"$WORKDIR/good.conf"
	cp "$WORKDIR/good.conf" "$WORKDIR/racoon.conf"
	ctl reload-config || logs "a good file is refused: $(cat "$A_OUT")"
	same "another peer more"
	sed -i 's/dh_group 14;/dh_group 14; lifetime time 2 hour;/' "$WORKDIR/racoon.conf"
	ctl reload-config || logs "a good file is refused: $(cat "$A_OUT")"
	wait_for renewed || logs "what has changed is not negotiated anew"
	ping_end
	stop_testudod
}

# t_restart VERSION - the SAs stay while nobody is there, and the next daemon takes them over
t_restart()
{
	up "$1" || return
	ping_begin
	kill -USR2 "$TESTUDOD"
	wait "$TESTUDOD"
	same "a restart"
	start_testudod || logs "it does not start again"
	wait_for renewed || logs "no others in place of those of before"
	ping_end
	stop_testudod
	[ "$(n A setkey -D | grep -c spi=)" -eq 0 ] || fail "SAs are left when testudod has ended"
}

# t_address - an address goes and returns, and the link, too
t_address()
{
	local begun

	up "$1" || return
	begun=$(grep -c 'initiate new phase' "$WORKDIR/testudod.log")
	ip -n "${RUN}A" addr del 10.0.0.1/24 dev eth0
	ip -n "${RUN}A" addr add 10.0.0.1/24 dev eth0
	ip -n "${RUN}A" route replace 10.0.2.1 via 10.0.0.2 src 10.0.1.1
	ping_ok A 10.0.2.1 56 3
	ip -n "${RUN}A" link set eth0 down
	ip -n "${RUN}A" link set eth0 up
	wait_for ip -n "${RUN}A" route replace 10.0.2.1 via 10.0.0.2 src 10.0.1.1
	ping_some A 10.0.2.1 56
	same "the address and the link went and came back"
	[ "$(grep -c 'initiate new phase' "$WORKDIR/testudod.log")" -eq "$begun" ] || logs "it negotiated anew"
	ctl status
	said ' up '
	stop_testudod
}

# t_bytes VERSION - a lifetime of bytes ends under traffic. A begins between 80 and 90 of 100, and has the rest for what
# is sent until there are others: the end of the transfer, what TCP repeats on a slow machine, and pings
t_bytes()
{
	A_PFS='pfs_group 14; lifetime byte 1000 KB;' up "$1" || return
	ping_begin
	transfer TCP A B 10.0.2.1 900000
	wait_for renewed || logs "no rekeying by bytes"
	ping_end
	stop_testudod
}

# ah_on_link - AH and nothing else
ah_on_link()
{
	local other="not ip proto 51 and not $NOISE"

	[ "$(in_cap 'ip proto 51')" -gt 0 ] || fail "no AH on the link"
	[ "$(in_cap "$other")" -eq 0 ] || fail "on the link: $(tcpdump -nn -r "$CAP" "$other" 2>/dev/null | head -n 2)"
	! grep -qa "$MARK" "$CAP" || fail "the marker is on the link in clear"
}

# t_bundle - ESP inside of AH, as IKEv1 knows it
t_bundle()
{
	a_conf 1 psk
	peer_conf 1 psk transport
	begin none || return
	n A setkey -c <<-END
		spdadd 10.0.0.1 10.0.0.2 any -P out ipsec esp/transport//require ah/transport//require;
		spdadd 10.0.0.2 10.0.0.1 any -P in ipsec esp/transport//require ah/transport//require;
	END
	mark_new
	cap_start WIRE left
	ping_some A 10.0.0.2 56
	wait_for pairs 4 || logs "not four SAs"
	drops_mark A
	ping_ok B 10.0.0.1 1000 3
	transfer TCP A B 10.0.0.2 50000
	drop_delta A
	cap_stop
	ah_on_link
	sads_equal
	stop_testudod
}

# fits SIZE - a packet of that size gets through whole
fits()
{
	n A ping -n -c 1 -W 5 -M 'do' -s $(($1 - 28)) 10.0.2.1 >/dev/null 2>&1
}

# t_why - which policy, which SA, which MTU, which verdict; and it is what then happens
t_why()
{
	local spi mtu

	a_conf "$1" psk
	peer_conf "$1" psk tunnel
	begin tunnel || return
	n A setkey -c <<<"spdadd 10.0.1.1 10.0.2.9 any -P out discard; spdadd 10.0.1.1 10.0.2.8 any -P out none;"
	ctl why 10.0.1.1 10.0.2.1 icmp 8
	said 'no SA|ACQUIRE|asked'
	ctl why 10.0.1.1 10.0.2.9
	said 'discard|dropped'
	ctl why 10.0.1.1 10.0.2.8
	said 'clear|none'
	ctl why 10.0.1.1 10.0.7.7
	said 'no policy|clear'
	ping_some A 10.0.2.1 56
	wait_for pairs 2 || logs "no pair of SAs"
	ctl why 10.0.1.1 10.0.2.1 icmp 8
	spi=$(keys_of A | awk '$1 == "10.0.0.1" { print $3; exit }')
	said "$spi"
	mtu=$(awk '$1 == "MTU" { print $2 }' "$A_OUT")
	[ -n "$mtu" ] || fail "no MTU in: $(cat "$A_OUT")"
	fits "$mtu" || fail "a packet of $mtu bytes does not get through"
	! fits $((mtu + 1)) || fail "a packet of $((mtu + 1)) bytes gets through, and why says $mtu"
	stop_testudod
}

# monitored - the monitor is there and has heard of something
monitored()
{
	ctl reload-config && [ -s "$WORKDIR/events" ]
}

# events_after N - the monitor has written two more
events_after()
{
	[ "$(wc -l <"$WORKDIR/events")" -ge $(($1 + 2)) ]
}

# t_tools - what the verbs say and do
t_tools()
{
	local before

	up "$1" || return
	bg A testudoctl -s "$CTL" monitor --json >"$WORKDIR/events" 2>&1
	wait_for monitored || fail "the monitor hears of nothing: $(cat "$WORKDIR/events")"
	same "a reload without a change"
	before=$(wc -l <"$WORKDIR/events")
	ctl show-sa isakmp
	said '10.0.0.2'
	ctl show-sa esp
	said 'mode=tunnel'
	! grep -qFf <(cut -d ' ' -f 2 <<<"$SAS") <<<"$(tr -d ' ' <"$A_OUT")" || fail "show-sa prints keys"
	ctl metrics
	said '^testudo[a-z_]*[{ ]'
	said '^# EOF'
	ctl status --json
	python3 -m json.tool <"$A_OUT" >/dev/null 2>&1 || fail "not JSON: $(head -n 3 "$A_OUT")"
	ctl vpn-disconnect 10.0.0.2 || fail "vpn-disconnect: $(cat "$A_OUT")"
	wait_for pairs 0 || fail "SAs are left after vpn-disconnect"
	wait_for grep -qi 'admin\|delete' "$WORKDIR/events" || fail "events: $(cat "$WORKDIR/events")"
	ctl vpn-connect -w 10.0.0.2 || fail "vpn-connect: $(cat "$A_OUT")"
	pairs 2 || fail "vpn-connect -w came back without SAs"
	wait_for events_after "$before" || fail "events: $(cat "$WORKDIR/events")"
	kill "$BG_PID"
	stop_testudod
}

# in_systemd WORDS... - typed where the unit runs
in_systemd()
{
	nsenter -m -p -n -t "$SYSTEMD" timeout "$TEST_TIMEOUT" "$@"
}

# systemd_start - a systemd of A's own, with files, /run and /tmp of its own, and what "make install" put in place. It
# starts its journal and nothing else: what a machine does at boot is not for this one
systemd_start()
{
	make -s -C "$LIB/.." install-tools DESTDIR="$WORKDIR/root" >"$WORKDIR/install" 2>&1 ||
		{ fail "make install-tools: $(tail -n 3 "$WORKDIR/install")"; return 1; }
	sed "/adminsock/d; s,$WORKDIR/psk.txt,/etc/racoon/psk.txt," "$WORKDIR/racoon.conf" >"$WORKDIR/etc.conf"
	mkdir -p /etc/racoon "$WORKDIR/units/testudod.service.d"
	printf '[Unit]\nDefaultDependencies=no\nWants=systemd-journald.service\n' >"$WORKDIR/units/test.target"
	printf '[Unit]\nDefaultDependencies=no\n[Service]\nRestartSec=0\n' >"$WORKDIR/units/testudod.service.d/test.conf"
	cat >"$WORKDIR/boot" <<-END
		mount -t tmpfs -o mode=755 run /run && mount -t tmpfs etc /etc/racoon &&
		mount --bind "$WORKDIR/root/usr/local" /usr/local &&
		install -m 600 "$WORKDIR/psk.txt" /etc/racoon/psk.txt &&
		install -m 644 "$WORKDIR/etc.conf" /etc/racoon/racoon.conf &&
		mkdir /run/systemd && cp -r "$WORKDIR/units" /run/systemd/system &&
		mount -t tmpfs tmp /tmp && mount -t tmpfs tmp /var/tmp && mount -t tmpfs log /var/log &&
		mount -t sysfs -o ro sys /sys && mount -t cgroup2 cgroup2 /sys/fs/cgroup &&
		exec env -i container=test PATH="/usr/sbin:/usr/bin:/sbin:/bin" \
			/lib/systemd/systemd --system --log-target=null --show-status=0 --unit=test.target
	END
	bg A unshare -m -u -p -f --mount-proc sh "$WORKDIR/boot" >"$WORKDIR/systemd.log" 2>&1
	wait_for pgrep -P "$BG_PID" || { fail "no namespaces: $(cat "$WORKDIR/systemd.log")"; return 1; }
	SYSTEMD=$(pgrep -P "$BG_PID")
	wait_for in_systemd systemctl is-active test.target ||
		{ fail "systemd does not come up: $(tail -n 3 "$WORKDIR/systemd.log")"; return 1; }
}

# unit_log PRIORITY - what the journal has of the unit, that grave or graver
unit_log()
{
	in_systemd journalctl --no-pager -o cat -u testudod -p "$1"
}

# in_log PATTERN - the unit has said so
in_log()
{
	unit_log info | grep -q "$1"
}

# main_pid - of the unit's first process
main_pid()
{
	in_systemd systemctl show -P MainPID testudod
}

# another_main PID - the unit is up, and its first process is not that one
another_main()
{
	[ "$(main_pid)" != "$1" ] && in_systemd systemctl is-active testudod
}

# unit_lives - start, reload, restart, a crash, stop
unit_lives()
{
	local pid

	in_systemd systemctl start testudod || { fail "start: $(in_systemd systemctl status --no-pager testudod)"; return; }
	ping_some A 10.0.2.1 56
	wait_for pairs 2 || { fail "no pair of SAs: $(unit_log info | tail -n 4)"; return; }
	SAS=$(sad_of A)
	ping_begin
	in_systemd systemctl reload testudod || fail "reload: $(unit_log info | tail -n 2)"
	wait_for in_log 'reading .* again' || fail "nothing is read again"
	same "systemctl reload"
	in_systemd systemctl restart testudod || fail "restart: $(unit_log info | tail -n 2)"
	wait_for renewed || fail "no others in place of those of before: $(unit_log info | tail -n 4)"
	SAS=$(sad_of A)
	pid=$(main_pid)
	in_systemd kill -KILL "$pid"
	wait_for another_main "$pid" || fail "nobody started it after a crash"
	wait_for renewed || fail "after a crash: $(unit_log info | tail -n 4)"
	ping_end
	in_systemd systemctl stop testudod
	[ "$(in_systemd systemctl show -P Result testudod)" = success ] || fail "stop: $(unit_log info | tail -n 2)"
	[ "$(n A setkey -D | grep -c spi=)" -eq 0 ] || fail "SAs are left when the unit is stopped"
	unit_log notice | grep -q '^NOTIFY: ' || fail "the journal has no notices"
	! unit_log notice | grep '^INFO' || fail "the journal does not know how grave a line is"
}

# t_systemd VERSION - the unit, with all that it takes away from the daemon
t_systemd()
{
	[ -n "${TESTUDO_VM:-}" ] || { skip "only in a machine of its own, as it mounts over /etc/racoon"; return; }
	[ -x /lib/systemd/systemd ] || { skip "no systemd here"; return; }
	a_conf "$1" psk
	peer_conf "$1" psk tunnel
	begin_peer tunnel || return
	SYSTEMD=
	! systemd_start || unit_lives
	# unshare takes no signal but by its child
	[ -z "$SYSTEMD" ] || { kill -KILL "$SYSTEMD"; wait "$BG_PID"; } 2>/dev/null
}

need_testudo
setup_t2_inside

add_case P20_v1_reload t_reload 1
add_case P20_v2_reload t_reload 2
add_case P21_v1_restart t_restart 1
add_case P21_v2_restart t_restart 2
add_case P22_address_returns t_address 2
add_case P23_v2_lifetime_bytes t_bytes 2
add_case P24_v1_esp_in_ah t_bundle
add_case P25_why_packet t_why 2
add_case P26_tools t_tools 2
add_case P27_systemd t_systemd 2
run_cases "$@"
