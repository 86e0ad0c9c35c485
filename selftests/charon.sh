# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# charon.sh - other people's keying daemons in a node: their files laid over the
# machine's own root, and strongSwan and OpenIKED started, told things and ended.
#
# Sourced after lib.sh. $WORKDIR/ipsec.conf, ipsec.secrets and iked.conf are the
# test's to write; their logs are $WORKDIR/charon.log and iked.log.

# lay_peers - the daemons' files where they belong in this machine's root, which is its own: strongSwan's by a
# mount, since copying hundreds of files takes a minute here; a user and a key as openiked's package makes them
lay_peers()
{
	local root

	[ -x /usr/lib/ipsec/starter ] && return
	[ -n "${TESTUDO_VM:-}" ] || return
	root=$("$LIB/vm/peers" -q) || return
	mkdir -p /usr/lib/ipsec /var/lib/openiked && mount --bind "$root/usr/lib/ipsec" /usr/lib/ipsec || return
	cp "$root/usr/sbin/iked" /usr/sbin/ && cp -r "$root/etc/iked" /etc/ || return
	grep -q '^_iked:' /etc/passwd || {
		echo '_iked:x:990:990::/var/lib/openiked:/usr/sbin/nologin' >>/etc/passwd
		echo '_iked:x:990:' >>/etc/group
	}
	openssl ecparam -genkey -name prime256v1 -noout -out /etc/iked/private/local.key &&
		openssl ec -in /etc/iked/private/local.key -pubout -out /etc/iked/local.pub
}

# start_iked NODE - with $WORKDIR/iked.conf; it has a /run of its own, as charon
start_iked()
{
	bg "$1" unshare -m sh -c "mount -t tmpfs tmpfs /run && exec iked -dv -f $WORKDIR/iked.conf" >>"$WORKDIR/iked.log" 2>&1
	IKED=$BG_PID
	wait_for listening "$1" -u 500
}

# stop_iked - and wait for it
stop_iked()
{
	kill "$IKED" 2>/dev/null
	wait "$IKED" 2>/dev/null
}

# charon_conf PLUGIN... - strongswan.conf with these plugins
charon_conf()
{
	cat >"$WORKDIR/strongswan.conf" <<-END
		charon {
		 load = $*
		 i_dont_care_about_security_and_use_aggressive_mode_psk = yes
		 plugins {
		  stroke {
		   secrets_file = $WORKDIR/ipsec.secrets
		  }
		 }
		 filelog {
		  log {
		   path = $WORKDIR/charon.log
		   flush_line = yes
		   default = ${CHARON_DEBUG:-1}
		  }
		 }
		}
	END
}

# start_charon NODE - it has a /run of its own, where it leaves sockets and ids
start_charon()
{
	CHARON_NODE=$1
	touch "$WORKDIR/charon.log"
	CHARON_SAID=$(wc -l <"$WORKDIR/charon.log")
	bg "$1" unshare -m sh -c "mount -t tmpfs tmpfs /run &&
		STRONGSWAN_CONF=$WORKDIR/strongswan.conf exec /usr/lib/ipsec/starter --nofork --conf $WORKDIR/ipsec.conf" \
		>>"$WORKDIR/starter.log" 2>&1
	CHARON=$BG_PID
	wait_for charon_is_up
}

# charon_is_up - it has read its configuration since it was started the last time
charon_is_up()
{
	tail -n "+$((CHARON_SAID + 1))" "$WORKDIR/charon.log" | grep -q "added configuration"
}

# charon_pairs - how many pairs of SAs its connection t has had so far. One that takes the place of another has two
# lines, "inbound CHILD_SA" and later "outbound CHILD_SA"
charon_pairs()
{
	grep 'CHILD_SA t{.*established with SPIs' "$WORKDIR/charon.log" | grep -vc 'outbound CHILD_SA'
}

# established N - that many, or more
established()
{
	[ "$(charon_pairs)" -ge "$1" ]
}

# stop_charon - and wait for it
stop_charon()
{
	kill "$CHARON"
	wait "$CHARON" 2>/dev/null
}

# stroke WORD... - tell charon something; its socket is in a /run of its own
stroke()
{
	n "$CHARON_NODE" nsenter -m -t "$CHARON" /usr/lib/ipsec/stroke "$@" >>"$WORKDIR/stroke.log" 2>&1
}
