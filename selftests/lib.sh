# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2016,SC2001,SC2034,SC2089,SC2090
#
# lib.sh - namespaces, keys, captures and verdicts for the packet tests in shell.
#
# Sourced by selftests/net/*.sh and demo.sh; runs nothing by itself. Owns how a
# test says what it saw (KTAP), what is made (removed by a trap) and how a node
# is keyed; knows nothing of what is right.
#
#   T2   A -- WIRE -- B         10.0.0.1 fd00::1      10.0.0.2 fd00::2
#
#   T4   H1 ---- G1 == WIRE == G2 ---- H2
#        10.0.1.2   20.0.0.1  20.0.0.2   10.0.2.2     fd00:1::2  fc00::1  fc00::2  fd00:2::2
#             10.0.1.1            10.0.2.1            fd00:1::1           fd00:2::1
#
#   T5   H1 ---- G1 ==== R ==== G2 ---- H2
#        as T4, with a plain router: 20.0.0.1 - 20.0.0.2 / 30.0.0.1 - 30.0.0.2
#                                    fc00:1::1 - fc00:1::2 / fc00:2::1 - fc00:2::2
#
#   T7   A ---- R1 ---- S1 ==== R2 ==== S2 ---- R3 ---- B
#           1       2       3       4       5       6      nets 10.1.N.0/24, fc00:N::/64: .1 on their left, .2 right
#        devices: left, right; plain routers R1, R2, R3, gateways S1, S2
#
# WIRE is no host: two bridged ports, where captures see the wire and not what a
# stack hands up again after opening it.
#
# TW, one node beside a raw wire peer, is for the tests in Python: wire/lab.py.
#
# Environment: STACK=xfrm keys every node by `ip xfrm` on the stock stack, to see
# that a test itself is right; TEST_SEED, TEST_TIMEOUT (seconds to wait for an event).

LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
RUN=s$$
STACK=${STACK:-testudo}
# A debug kernel takes several times as long, as run_kselftest.sh knows too.
[ "${TESTUDO_KERNEL:-}" != debug ] || TEST_TIMEOUT=${TEST_TIMEOUT:-120}
TEST_TIMEOUT=${TEST_TIMEOUT:-30}
TEST_SEED=${TEST_SEED:-$RANDOM$RANDOM}
RANDOM=$TEST_SEED
WORKDIR=$(mktemp -d /tmp/testudo.XXXXXX)
NODES=()
PIDS=()
CASES=()
declare -A STACK_OF=() CONF=() DROPS=() KEY_LEN=() ICV_LEN=() SETKEY_NAME=() XFRM_NAME=() ALG_KIND=() TSHARK_NAME=()

# ---------------------------------------------------------------- verdicts

# fail TEXT... - note why the case fails; returns 1 so that `... || fail` reads well
fail()
{
	WHY+=("$*")
	return 1
}

# A misspelt command must fail its case. Bash runs this in a child, so it leaves a note.
command_not_found_handle()
{
	echo "no command $1" >>"$WORKDIR/missing"
	return 127
}

# skip TEXT... - the case can not be run here
skip()
{
	SKIP="$*"
	return 1
}

# skip_all TEXT... - no case of this script can be run here
skip_all()
{
	echo "KTAP version 1"
	echo "1..0 # SKIP $*"
	exit 4
}

# expect COMMAND... - it must succeed
expect()
{
	local out

	out=$("$@" 2>&1) && return 0
	fail "expected to work: $* -> $(tail -n 2 <<<"$out")"
}

# refuse COMMAND... - it must fail
refuse()
{
	local out

	out=$("$@" 2>&1) || return 0
	fail "expected to fail: $* -> $(tail -n 2 <<<"$out")"
}

# equal GOT WANT WHAT
equal()
{
	[ "$1" = "$2" ] || fail "$3: expected '$2', saw '$1'"
}

# wait_for COMMAND... - poll until it succeeds, TEST_TIMEOUT seconds at most
wait_for()
{
	local end=$((SECONDS + TEST_TIMEOUT))

	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

ktap_plan()
{
	echo "KTAP version 1"
	echo "1..$1"
}

# ktap_result NAME - print the verdict that WHY and SKIP hold
ktap_result()
{
	local line

	KTAP_N=$((${KTAP_N:-0} + 1))
	if [ ${#WHY[@]} -gt 0 ]; then
		KTAP_BAD=$((${KTAP_BAD:-0} + 1))
		echo "not ok $KTAP_N - $1"
		for line in "${WHY[@]}"; do
			echo "# ${line//$'\n'/$'\n'# }"
		done
	elif [ -n "$SKIP" ]; then
		KTAP_SKIP=$((${KTAP_SKIP:-0} + 1))
		echo "ok $KTAP_N - $1 # SKIP $SKIP"
	else
		echo "ok $KTAP_N - $1"
	fi
}

# add_case NAME FUNCTION [ARG...] - one KTAP line
add_case()
{
	local IFS=$'\x1f'

	CASES+=("$*")
}

# add_night - as add_case, only for selftests/nightly
add_night()
{
	[ -z "${TESTUDO_NIGHTLY:-}" ] || add_case "$@"
}

# log_mark - from here on log_said looks. A line of our own, not a count: when the
# ring has wrapped, counted lines are others.
log_mark()
{
	LOG_MARK="testudo-case: $RUN $EPOCHREALTIME"
	{ echo "$LOG_MARK" >/dev/kmsg; } 2>/dev/null || LOG_MARK=
}

# log_said - the first complaint of the kernel since log_mark. Without the mark in
# the ring all that is there is newer.
log_said()
{
	[ -n "$LOG_MARK" ] || return 0
	dmesg 2>/dev/null | awk -v m="$LOG_MARK" 'index($0, m) { text = ""; next }
		{ text = text $0 "\n" } END { printf "%s", text }' |
		grep -E -m 1 -f "$LIB/vm/trouble"
}

# run_cases [PATTERN] - run what add_case collected; exits
run_cases()
{
	local row name said
	local -a word chosen=()

	for row in "${CASES[@]}"; do
		[[ ${row%%$'\x1f'*} =~ ${1:-} ]] && chosen+=("$row")
	done
	ktap_plan ${#chosen[@]}
	echo "# ${0##*/}: stack $STACK, TEST_SEED=$TEST_SEED"
	for row in "${chosen[@]}"; do
		IFS=$'\x1f' read -ra word <<<"$row"
		name=${word[0]}
		WHY=() SKIP=
		log_mark
		"${word[@]:1}"
		said=$(log_said)
		[ -z "$said" ] || WHY+=("kernel log: $said")
		if [ -e "$WORKDIR/missing" ]; then
			WHY+=("$(cat "$WORKDIR/missing")")
			rm "$WORKDIR/missing"
		fi
		caps_kill
		flush_all
		ktap_result "$name"
	done
	echo "# pass:$((KTAP_N - ${KTAP_BAD:-0} - ${KTAP_SKIP:-0})) fail:${KTAP_BAD:-0} skip:${KTAP_SKIP:-0}"
	[ "${KTAP_BAD:-0}" -eq 0 ] || exit 1
	[ "${KTAP_SKIP:-0}" -lt "${KTAP_N:-0}" ] || exit 4
	exit 0
}

# ---------------------------------------------------------------- nodes

# n NODE COMMAND... - run it there
n()
{
	local node=$1

	shift
	nsenter --net="/run/netns/$RUN$node" "$@"
}

# bg NODE COMMAND... - run it there in the background; its id is BG_PID. Not `n NODE COMMAND &`:
# that is the id of a shell, whose end leaves the command running
bg()
{
	local node=$1

	shift
	nsenter --net="/run/netns/$RUN$node" "$@" &
	BG_PID=$!
	PIDS+=("$BG_PID")
}

# steady NODE ADDRESS - a ping every fifth of a second, until steady_end
steady()
{
	bg "$1" ping -n -i 0.2 -w 600 "$2" >"$WORKDIR/steady" 2>&1
	STEADY=$BG_PID
}

# steady_sent - how many it has sent: four, or more ("\r5/6 packets, 16% loss", upon SIGQUIT)
steady_sent()
{
	kill -QUIT "$STEADY" || return
	SENT=$(tr '\r' '\n' <"$WORKDIR/steady" | sed -n 's,^[0-9]*/\([0-9]*\) packets.*,\1,p' | tail -n 1)
	[ "${SENT:-0}" -ge 4 ]
}

# steady_lost - which of those have no answer
steady_lost()
{
	awk -v sent="$SENT" '/bytes from/ && match($0, /icmp_seq=[0-9]+/) { seen[substr($0, RSTART + 9, RLENGTH - 9) + 0] = 1 }
		END { for (i = 1; i <= sent; i++) if (!(i in seen)) print i }' "$WORKDIR/steady"
}

# steady_whole N - no more than N
steady_whole()
{
	[ "$(steady_lost | wc -l)" -le "$1" ]
}

# steady_end [N] - every one that was sent by now is answered, however late, but for N of which the test knows better
steady_end()
{
	local SENT='' why=''

	if ! wait_for steady_sent; then
		why="no more than ${SENT:-0} pings were sent: $(tail -n 2 "$WORKDIR/steady")"
	elif ! wait_for steady_whole "${1:-0}"; then
		why="pings without an answer: $(steady_lost | tr '\n' ' ')of $SENT"
	fi
	kill -INT "$STEADY" 2>/dev/null && wait "$STEADY"
	[ -z "$why" ] || fail "$why"
}

# node NAME... - make namespaces
node()
{
	local name

	for name in "$@"; do
		ip netns add "$RUN$name" || skip_all "cannot make a network namespace"
		NODES+=("$name")
		n "$name" sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0 \
			net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
			net.ipv6.conf.default.router_solicitations=0
		ip -n "$RUN$name" link set lo up
	done
}

# del_node NAME - delete it now
del_node()
{
	local left=() one

	ip netns del "$RUN$1"
	for one in "${NODES[@]}"; do
		[ "$one" = "$1" ] || left+=("$one")
	done
	NODES=("${left[@]}")
}

# carries NODE DEV - has the kernel's worker seen that the other end is up? What a veth is given before is lost
carries()
{
	[[ $(ip -n "$RUN$1" link show "$2") == *"state UP"* ]]
}

# link NODE DEV NODE DEV [MTU] - a veth pair, both ends up
link()
{
	ip -n "$RUN$1" link add "$2" mtu "${5:-1500}" type veth peer name "$4" mtu "${5:-1500}" netns "$RUN$3"
	ip -n "$RUN$1" link set "$2" up
	ip -n "$RUN$3" link set "$4" up
	wait_for carries "$1" "$2"
}

# wire NODE DEV NODE DEV - as link, with WIRE between them to capture on
wire()
{
	node WIRE
	n WIRE sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	ip -n "${RUN}WIRE" link add br0 type bridge mcast_snooping 0
	ip -n "${RUN}WIRE" link set br0 up
	link "$1" "$2" WIRE left
	link WIRE right "$3" "$4"
	ip -n "${RUN}WIRE" link set left master br0
	ip -n "${RUN}WIRE" link set right master br0
}

# owns NODE DEV ADDRESS... - NODE takes packets for these addresses of IPv6: work of the kernel's sees to that after ip(8)
# has ended, without DAD, too. Those of a device that is down wait for it
owns()
{
	local routes one

	routes=$(ip -n "$RUN$1" -6 route show table all)
	for one in "${@:3}"; do
		[[ $routes == *"local ${one%/*} dev $2 "* ]] ||
			! [[ $(ip -n "$RUN$1" link show "$2") == *[,\<]UP[,\>]* ]] || return 1
	done
}

# addr NODE DEV ADDRESS...
addr()
{
	local node=$1 dev=$2 one six=()

	shift 2
	for one in "$@"; do
		case $one in
		*:*) ip -n "$RUN$node" addr add "$one" dev "$dev" nodad && six+=("$one") ;;
		*) ip -n "$RUN$node" addr add "$one" dev "$dev" ;;
		esac
	done
	[ ${#six[@]} -eq 0 ] || wait_for owns "$node" "$dev" "${six[@]}"
}

# route NODE NET GATEWAY...  (pairs)
route()
{
	local node=$1

	shift
	while [ $# -gt 1 ]; do
		ip -n "$RUN$node" route add "$1" via "$2"
		shift 2
	done
}

# forward NODE... - make routers of them
forward()
{
	local name

	for name in "$@"; do
		n "$name" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	done
}

setup_t2()
{
	node A B
	wire A eth0 B eth0
	addr A eth0 10.0.0.1/24 fd00::1/64
	addr B eth0 10.0.0.2/24 fd00::2/64
}

# setup_t2_inside - and an address of each that goes through tunnels to that of the other
setup_t2_inside()
{
	setup_t2
	addr A eth0 10.0.1.1/32
	addr B eth0 10.0.2.1/32
	ip -n "${RUN}A" route add 10.0.2.1 via 10.0.0.2 src 10.0.1.1
	ip -n "${RUN}B" route add 10.0.1.1 via 10.0.0.1 src 10.0.2.1
}

# t4_edges - the hosts behind two gateways, and their routes
t4_edges()
{
	link H1 eth0 G1 in0
	link G2 in0 H2 eth0
	addr H1 eth0 10.0.1.2/24 fd00:1::2/64
	addr G1 in0 10.0.1.1/24 fd00:1::1/64
	addr G2 in0 10.0.2.1/24 fd00:2::1/64
	addr H2 eth0 10.0.2.2/24 fd00:2::2/64
	route H1 default 10.0.1.1 default fd00:1::1
	route H2 default 10.0.2.1 default fd00:2::1
}

setup_t4()
{
	node H1 G1 G2 H2
	t4_edges
	wire G1 out0 G2 out0
	addr G1 out0 20.0.0.1/24 fc00::1/64
	addr G2 out0 20.0.0.2/24 fc00::2/64
	route G1 10.0.2.0/24 20.0.0.2 fd00:2::/64 fc00::2
	route G2 10.0.1.0/24 20.0.0.1 fd00:1::/64 fc00::1
	forward G1 G2
}

setup_t5()
{
	node H1 G1 R G2 H2
	t4_edges
	link G1 out0 R left
	link R right G2 out0
	addr G1 out0 20.0.0.1/24 fc00:1::1/64
	addr R left 20.0.0.2/24 fc00:1::2/64
	addr R right 30.0.0.1/24 fc00:2::1/64
	addr G2 out0 30.0.0.2/24 fc00:2::2/64
	route G1 default 20.0.0.2 default fc00:1::2
	route G2 default 30.0.0.1 default fc00:2::1
	forward G1 R G2
}

setup_t7()
{
	local way=(A R1 S1 R2 S2 R3 B) i k one

	node "${way[@]}"
	for ((i = 1; i < 7; i++)); do
		link "${way[i - 1]}" right "${way[i]}" left
		addr "${way[i - 1]}" right "10.1.$i.1/24" "fc00:$i::1/64"
		addr "${way[i]}" left "10.1.$i.2/24" "fc00:$i::2/64"
	done
	# net k, from nodes that are not on it, by the next node on the way there
	for ((i = 0; i < 7; i++)); do
		for ((k = 1; k < i; k++)); do
			route "${way[i]}" "10.1.$k.0/24" "10.1.$i.1" "fc00:$k::/64" "fc00:$i::1"
		done
		for ((k = i + 2; k < 7; k++)); do
			route "${way[i]}" "10.1.$k.0/24" "10.1.$((i + 1)).2" "fc00:$k::/64" "fc00:$((i + 1))::2"
		done
	done
	forward R1 S1 R2 S2 R3
	for one in "${way[@]}"; do
		n "$one" sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
	done
}

cleanup()
{
	local one

	for one in "${PIDS[@]}"; do
		kill "$one" 2>/dev/null
	done
	wait "${PIDS[@]}" 2>/dev/null
	for one in "${NODES[@]}"; do
		ip netns del "$RUN$one" 2>/dev/null
	done
	rm -rf "$WORKDIR"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# need_testudo - the whole script is about this project's stack
need_testudo()
{
	[ "$STACK" = testudo ] || skip_all "only this project's stack has it"
	need_module
}

# need_module - the module is loaded when some node uses it
need_module()
{
	[ "$STACK" != testudo ] || [ -e /proc/net/testudo_stat ] || skip_all "testudo.ko is not loaded"
	[ "$(id -u)" -eq 0 ] || skip_all "needs root"
}

# ---------------------------------------------------------------- keys

load_algs()
{
	local kind name key _salt _iv icv _blk setkey xfrm tshark

	while read -r kind name key _salt _iv icv _blk setkey xfrm tshark; do
		case $kind in
		cipher | aead | hash)
			ALG_KIND[$name]=$kind KEY_LEN[$name]=$key ICV_LEN[$name]=$icv
			# shellcheck disable=SC2034 # for the tests
			SETKEY_NAME[$name]=$setkey XFRM_NAME[$name]=$xfrm TSHARK_NAME[$name]=${tshark//_/ }
			;;
		esac
	done <"$LIB/wire/algs.tbl"
}
load_algs

# rnd_hex BYTES - by bash alone: a process is dear under emulation
rnd_hex()
{
	local hex=''

	while [ ${#hex} -lt $(($1 * 2)) ]; do
		printf -v hex '%s%08x' "$hex" "$SRANDOM"
	done
	echo "${hex:0:$(($1 * 2))}"
}

# rnd_spi - outside the reserved range
rnd_spi()
{
	printf '0x%x' $((0x10000 + RANDOM * 32768 + RANDOM))
}

# rnd_port - to listen at. None that a connection may have for its own end: while one of a moment ago still waits for its
# time there, nobody else gets that
rnd_port()
{
	echo $((20000 + RANDOM % 12000))
}

# setkey_alg ENC EKEY AUTH AKEY - the -E/-A part of an add line; ENC "-" for AH
setkey_alg()
{
	[ "$1" != comp ] || { echo -n "-C deflate -R"; return; }
	[ "$1" = - ] || echo -n "-E ${SETKEY_NAME[$1]} ${2:+0x$2}"
	[ "${ALG_KIND[$1]}" = aead ] || [ "$3" = none ] || echo -n " -A ${SETKEY_NAME[$3]} 0x$4"
}

# xfrm_alg ENC EKEY AUTH AKEY - the same for `ip -batch`
xfrm_alg()
{
	[ "$1" != comp ] || { echo -n "comp deflate"; return; }
	if [ "${ALG_KIND[$1]}" = aead ]; then
		echo -n "aead \"${XFRM_NAME[$1]}\" 0x$2 $((ICV_LEN[$1] * 8))"
		return
	fi
	[ "$1" = - ] || echo -n "enc \"${XFRM_NAME[$1]}\" ${2:+0x}${2:-\"\"}"
	[ "$3" = none ] || echo -n " auth-trunc \"${XFRM_NAME[$3]}\" 0x$4 $((ICV_LEN[$3] * 8))"
}

stack_of()
{
	echo "${STACK_OF[$1]:-$STACK}"
}

# sa NODE SRC DST SPI MODE ALG-WORDS... - queue one SA for commit.
# ALG-WORDS: ENC EKEY AUTH AKEY; ENC "-" makes it AH, "comp" IPComp.
# Options: REQID, EXTRA (setkey only), XFRM_FLAGS (ip only), ESN=1, ENCAP="SPORT DPORT" for ESP in UDP, WINDOW: of
# many packets, for a CPU may stand still while another one receives hundreds that left later.
sa()
{
	local node=$1 src=$2 dst=$3 spi=$4 mode=$5 flags=${XFRM_FLAGS:-} proto=esp window=${WINDOW:-1024}

	shift 5
	[ "$1" != - ] || proto=ah
	[ "$1" != comp ] || proto=ipcomp window=0
	if [ "$(stack_of "$node")" = xfrm ]; then
		[ "$mode" != tunnel ] || flags="af-unspec $flags"
		[ -z "${ESN:-}" ] || flags="esn $flags"
		CONF[$node]+="xfrm state add src $src dst $dst proto ${proto#ip} spi $spi mode $mode reqid ${REQID:-0} \
replay-window $window ${flags:+flag $flags} $(xfrm_alg "$@") \
${ENCAP:+encap espinudp $ENCAP 0.0.0.0}"$'\n'
	else
		[ -z "${ENCAP:-}" ] || proto=esp-udp src="${src}[${ENCAP% *}]" dst="${dst}[${ENCAP#* }]"
		CONF[$node]+="add $src $dst $proto $spi -m $mode -u ${REQID:-0} -r $window ${ESN:+-f esn} \
${EXTRA:-} $(setkey_alg "$@");"$'\n'
	fi
}

# sa_pair NODE1 NODE2 ADDR1 ADDR2 MODE ENC [AUTH] - both directions on both nodes, fresh keys and SPIs.
# Sets SPI12, SPI21 and the keys EK12 AK12 EK21 AK21 (hex).
sa_pair()
{
	local one=$1 two=$2 a=$3 b=$4 mode=$5 enc=$6 auth=${7:-none} node

	SPI12=$(rnd_spi) SPI21=$(rnd_spi)
	# a CPI has 16 bits, of which these are for negotiation
	[ "$enc" != comp ] || { SPI12=$((RANDOM + 256)) SPI21=$((RANDOM + 256)); }
	EK12=$(rnd_hex "${KEY_LEN[$enc]:-0}") EK21=$(rnd_hex "${KEY_LEN[$enc]:-0}")
	AK12=$(rnd_hex "${KEY_LEN[$auth]:-0}") AK21=$(rnd_hex "${KEY_LEN[$auth]:-0}")
	for node in "$one" "$two"; do
		sa "$node" "$a" "$b" "$SPI12" "$mode" "$enc" "$EK12" "$auth" "$AK12"
		sa "$node" "$b" "$a" "$SPI21" "$mode" "$enc" "$EK21" "$auth" "$AK21"
	done
}

# sp NODE SRC DST DIR MODE END1 END2 - queue one policy; PROTO (esp), LEVEL, UPPER, PRIO, XFRM_SP_FLAGS from the
# environment; several protocols, innermost first, make a bundle, where "esp/transport" has a mode of its own
sp()
{
	local node=$1 src=$2 dst=$3 dir=$4 level=${LEVEL:-require} via='' way one reqs='' proto='' mode lv

	if [ "$(stack_of "$node")" = xfrm ]; then
		[ "${UPPER:-any}" = any ] || proto="proto $UPPER"
		[ "$level" = use ] || level=required
		for one in ${PROTO:-esp}; do
			mode=${one#"${one%/*}"} mode=${mode#/} lv=$level
			# what its sender left as it was passes only so
			[ "$dir ${one%/*}" != "in ipcomp" ] || lv=use
			one=${one%/*} one=${one#ip}
			reqs+=" tmpl src $6 dst $7 proto $one mode ${mode:-$5} reqid ${REQID:-0} level $lv"
		done
		[ "$dir" != in ] || dir="in fwd"
		for way in $dir; do
			CONF[$node]+="xfrm policy update src $src dst $dst $proto dir $way \
${XFRM_SP_FLAGS:+flag $XFRM_SP_FLAGS} $reqs"$'\n'
		done
	else
		for one in ${PROTO:-esp}; do
			mode=${one#"${one%/*}"} mode=${mode#/} mode=${mode:-$5} via=''
			[ "$mode" != tunnel ] || via=$6-$7
			reqs+=" ${one%/*}/$mode/$via/$level"
		done
		CONF[$node]+="spdadd $src $dst ${UPPER:-any} -P $dir ${PRIO:+prio $PRIO} ipsec$reqs;"$'\n'
	fi
}

# sp_pair NODE1 NODE2 SEL1 SEL2 MODE ADDR1 ADDR2 - out and in on both nodes
sp_pair()
{
	local s1=$3 s2=$4 mode=$5 a=$6 b=$7

	sp "$1" "$s1" "$s2" out "$mode" "$a" "$b"
	sp "$1" "$s2" "$s1" in "$mode" "$b" "$a"
	sp "$2" "$s2" "$s1" out "$mode" "$b" "$a"
	sp "$2" "$s1" "$s2" in "$mode" "$a" "$b"
}

# port_holder NODE - what a keying daemon does for its NAT-T port
port_holder()
{
	bg "$1" /usr/bin/python3 -c '
import select, socket, struct
keep = []
for family, option in ((socket.AF_INET, (socket.IPPROTO_IP, 16)), (socket.AF_INET6, (socket.IPPROTO_IPV6, 34))):
    s = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    for way in (1, 2):
        s.setsockopt(*option, struct.pack("=HHHBBII", 2, 18, 4, way, 0, 0, 0))
    s.setsockopt(socket.IPPROTO_UDP, 100, 2)
    s.bind(("", 4500))
    keep.append(s)
select.select([], [], [])
'
	wait_for listening "$1" -u 4500 || skip_all "$1 has no socket for ESP in UDP"
}

# commit - feed what was queued
commit()
{
	local node out bad=0

	for node in "${!CONF[@]}"; do
		if [ "$(stack_of "$node")" = xfrm ]; then
			out=$(ip -n "$RUN$node" -batch - <<<"${CONF[$node]}" 2>&1)
		else
			out=$(n "$node" setkey -f - <<<"${CONF[$node]}" 2>&1)
		fi || { fail "keying $node: $out"; bad=1; }
	done
	CONF=()
	return $bad
}

# flush NODE - no SA, no policy
flush()
{
	if [ "$(stack_of "$1")" = xfrm ]; then
		ip -n "$RUN$1" xfrm state flush
		ip -n "$RUN$1" xfrm policy flush
	else
		n "$1" setkey -f - <<<"flush; spdflush;"
	fi 2>/dev/null
}

flush_all()
{
	local node

	CONF=()
	for node in "${NODES[@]}"; do
		[ "$node" = WIRE ] || flush "$node"
	done
}

# ---------------------------------------------------------------- counters

# stat NODE NAME - a counter of the node's stack
stat()
{
	n "$1" awk -v name="$2" '$1 == name { print $2; found = 1 } END { if (!found) print 0 }' /proc/net/testudo_stat
}

# drops_all NODE - every drop counter, a line each
drops_all()
{
	n "$1" awk '$1 ~ /^(in|out)_/ && $1 !~ /_packets$/' /proc/net/testudo_stat
}

# drops_mark NODE - remember them
drops_mark()
{
	[ "$(stack_of "$1")" = testudo ] || return 0
	DROPS[$1]=$(drops_all "$1")
}

# drops_are NODE WANT - those that moved since drops_mark; MOVED is what did
drops_are()
{
	MOVED=$(awk 'NR == FNR { old[$1] = $2; next } $2 != old[$1] { printf "%s=%d\n", $1, $2 - old[$1] }' \
		<(echo "${DROPS[$1]}") <(drops_all "$1") | sort)
	[[ $2 != *=+* ]] || MOVED=$(sed 's/=.*/=+/' <<<"$MOVED")
	[ "$MOVED" = "$2" ]
}

# drop_delta NODE [REASON=COUNT...] - since drops_mark exactly these moved by so much ("REASON=+": by one or more).
# What is to be dropped may still be on its way
drop_delta()
{
	local node=$1 want

	shift
	[ "$(stack_of "$node")" = testudo ] || return 0
	want=$(printf '%s\n' "$@" | sort | sed '/^$/d')
	if [ -n "$want" ]; then
		wait_for drops_are "$node" "$want"
	else
		drops_are "$node" ''
	fi || fail "counters of $node: expected ${want:-none}, saw ${MOVED:-none}"
}

# ---------------------------------------------------------------- memory

# slab - objects in use of the caches that $SLABS names, a pattern, without what CPUs keep at hand; RCU and work items
# lag behind
slab()
{
	local cache

	for cache in /sys/kernel/slab/$SLABS/shrink; do
		echo 1 >"$cache"
	done 2>/dev/null
	awk -v name="^$SLABS\$" '$1 ~ name { n += $2 } END { print n + 0 }' /proc/slabinfo
}

slab_at_most()
{
	[ "$(slab)" -le "$1" ]
}

# settled - what earlier cases had is given back; the level is BEFORE
settled()
{
	BEFORE=$(slab) RESTED=0
	wait_for slab_rests || fail "$SLABS never comes to rest: $BEFORE objects"
}

# slab_rests - the same number for two seconds: a CPU that stands still holds up a grace period
slab_rests()
{
	local old=$BEFORE

	sleep 0.5
	BEFORE=$(slab)
	[ "$old" -eq "$BEFORE" ] || RESTED=0
	[ $((RESTED += 1)) -ge 4 ]
}

# ---------------------------------------------------------------- captures

# mark_new - a string no other packet has: MARK, and MARK_HEX for ping -p
mark_new()
{
	local i

	printf -v MARK '%08x' "$SRANDOM"
	MARK_HEX=
	for ((i = 0; i < 8; i++)); do
		printf -v MARK_HEX '%s%02x' "$MARK_HEX" "'${MARK:i:1}"
	done
}

# cap_start NODE DEV [FILTER] - capture there into $CAP until cap_stop; `cap_start WIRE left` is the wire. For a direction
# say by_us: what -Q drops counts as received for ever, and of "outbound" libpcap loses the first packet, which it
# filters by itself and not in the kernel. What came before the filter was in force counts too: CAP_EARLY.
cap_start()
{
	CAP=$WORKDIR/cap.$RANDOM.pcap
	bg "$1" tcpdump -Z root -i "$2" -U --immediate-mode -B 8192 -s 0 -w "$CAP" "${3:-}" 2>"$CAP.log"
	CAP_PID=$BG_PID
	wait_for grep -q "listening on" "$CAP.log" || fail "tcpdump: $(cat "$CAP.log")"
	CAP_EARLY=0
	[ -z "${3:-}" ] || { cap_count && CAP_EARLY=$(awk '{ print $5 - $2 }' <<<"$CAP_LAST"); }
}

# by_us NODE DEV - the filter for what is sent there
by_us()
{
	echo "ether src $(ip -n "$RUN$1" -br link show "$2" | awk '{ print $3 }')"
}

# cap_said - sets CAP_SAID, how often it has said "tcpdump: 9 packets captured, 9 packets received by filter, 0 packets
# dropped by kernel", and CAP_LAST, what it was at last
cap_said()
{
	local line

	CAP_SAID=0
	while read -r line; do
		[[ $line != *" captured, "* ]] || CAP_SAID=$((CAP_SAID + 1)) CAP_LAST=$line
	done <"$CAP.log"
}

# cap_answered N - it has said so more than N times, or is dead
cap_answered()
{
	cap_said
	[ "$CAP_SAID" -gt "$1" ] || ! kill -0 "$CAP_PID"
}

# cap_count - have it say that once more: the last time is no news
cap_count()
{
	cap_said
	kill -USR1 "$CAP_PID" && wait_for cap_answered "$CAP_SAID"
}

# cap_drained - it has written what it received, or is dead. libpcap keeps some of what it received to itself
# (what came before it was ready, what loopback shows twice): so it is also done when it has stood at the same
# place for four seconds, in at least three looks.
cap_drained()
{
	local before=$CAP_LAST

	kill -0 "$CAP_PID" || return 0
	cap_count || return
	[ "$CAP_LAST" = "$before" ] || CAP_SAME=0 CAP_SINCE=$SECONDS
	[ $((CAP_SAME += 1)) -lt 3 ] || [ $((SECONDS - CAP_SINCE)) -lt 4 ] || return 0
	awk -v early="$CAP_EARLY" '{ exit $5 - $2 > early }' <<<"$CAP_LAST"
}

# cap_stop - all that was on the link is in $CAP; a capture that lacks some proves nothing, and fails the case
cap_stop()
{
	CAP_LAST='' CAP_SAME=0 CAP_SINCE=$SECONDS
	wait_for cap_drained || fail "the capture is not complete: $(tail -n 1 "$CAP.log")"
	kill -INT "$CAP_PID" 2>/dev/null || fail "the capture ended too early: $(tail -n 1 "$CAP.log")"
	wait "$CAP_PID" 2>/dev/null
	CAP_PID=
}

caps_kill()
{
	[ -z "${CAP_PID:-}" ] || cap_stop
}

# cap_has COUNT FILTER - that many packets, or more, are captured by now
cap_has()
{
	[ "$(in_cap "$2")" -ge "$1" ]
}

# in_cap FILTER - number of captured packets that match
in_cap()
{
	tcpdump -nn -r "$CAP" "$1" 2>/dev/null | wc -l
}

# watch_cut NODE DEV... - count what comes in there in fragments, or protected and longer than a link of 1500. Costs
# less than a capture, and is in front of reassembly
watch_cut()
{
	local node=$1 one rules=''

	shift
	for one in "$@"; do
		rules+="iifname $one ip frag-off & 0x3fff != 0 counter name fragments
			iifname $one exthdr frag exists counter name fragments
			iifname $one meta l4proto { esp, ah, comp, udp } meta length > 1500 counter name too_long
		"
	done
	n "$node" nft -f - <<-END || skip_all "no counters in $node"
		table inet cut {
			counter fragments { }
			counter too_long { }
			chain early { type filter hook prerouting priority -450; $rules }
		}
	END
}

# cut_mark NODE... - what was counted until now is no matter
cut_mark()
{
	local node

	for node in "$@"; do
		n "$node" nft reset counters table inet cut >/dev/null
	done
}

# none_cut NODE... - and there was none since then, or since it was last asked
none_cut()
{
	local node seen

	for node in "$@"; do
		seen=$(n "$node" nft reset counters table inet cut | grep -B 1 'packets [1-9]')
		[ -z "$seen" ] || fail "$node received fragments, or more than the link takes: ${seen//[$'\n\t']/ }"
	done
}

ESP='(ip proto 50 or ip6 proto 50 or (ip6 proto 44 and ip6[40] == 50))'
NOISE='(arp or igmp or (icmp6 and ip6[40] >= 130 and ip6[40] <= 143) or ip6 proto 0)'

# assert_enc - the capture has ESP, nothing else but neighbour discovery and what a host says of its groups, and the
# marker nowhere
assert_enc()
{
	local other

	[ "$(in_cap "$ESP")" -gt 0 ] || fail "no ESP on the link"
	other=$(in_cap "not $ESP and not $NOISE")
	[ "$other" -eq 0 ] || fail "$other packets in clear: $(tcpdump -nn -r "$CAP" "not $ESP and not $NOISE" 2>/dev/null | head -n 2)"
	! grep -qa "$MARK" "$CAP" || fail "the marker is on the link in clear"
}

# assert_clear - the capture has the marker
assert_clear()
{
	grep -qa "$MARK" "$CAP" || fail "the marker is not on the link"
}

# assert_nothing - the marker is not on the link, nor any ESP
assert_nothing()
{
	[ "$(in_cap "$ESP")" -eq 0 ] || fail "ESP on the link"
	! grep -qa "$MARK" "$CAP" || fail "the marker is on the link in clear"
}

# ---------------------------------------------------------------- traffic

# pings NODE COUNT ARG... - ping by so many packets, and no loss. All at once, and so an interval that nobody waits
# for: it is how long ping waits for the last answer when it has another, and a CPU may stand still then
pings()
{
	local out

	out=$(n "$1" ping -n -c "$2" -l "$2" -i "$TEST_TIMEOUT" -W "$TEST_TIMEOUT" "${@:3}" 2>&1)
	[[ $out == *" 0% packet loss"* ]] || fail "$1 ping ${*:3}: $(tail -n 2 <<<"$out" | head -n 1)"
}

# ping_ok NODE ADDRESS [SIZE [COUNT]] - no loss
ping_ok()
{
	pings "$1" "${4:-3}" -s "${3:-56}" ${MARK_HEX:+-p "$MARK_HEX"} "$2"
}

# ping_some NODE ADDRESS SIZE - answered, if not at once: an MTU may have to be learnt
ping_some()
{
	wait_for n "$1" ping -n -c 1 -W 5 -s "$3" ${MARK_HEX:+-p "$MARK_HEX"} "$2" ||
		fail "$1 ping $2 size $3: never answered"
}

# ping_dead NODE ADDRESS - no answer at all
ping_dead()
{
	! n "$1" ping -n -c 2 -i 0.05 -W 1 ${MARK_HEX:+-p "$MARK_HEX"} "$2" >/dev/null 2>&1 ||
		fail "$1 ping $2: answered"
}

listening()
{
	[ -n "$(n "$1" ss -Hln "$2" "sport = :$3")" ]
}

# sock_addr ADDRESS - as socat wants it
sock_addr()
{
	case $1 in
	*:*) echo "[$1]" ;;
	*) echo "$1" ;;
	esac
}

# swallowed NODE FROM ADDRESS COUNTER=N... - NODE drops pings from FROM there and counts why; none is on the link
swallowed()
{
	local node=$1

	drops_mark "$node"
	cap_start WIRE left
	ping_dead "$2" "$3"
	cap_stop
	assert_nothing
	drop_delta "$node" "${@:4}"
}

# no_association NODE... - is every SCTP association of these ended?
no_association()
{
	local node

	for node in "$@"; do
		[ "$(n "$node" cat /proc/net/sctp/assocs | wc -l)" -eq 1 ] || return 1
	done
}

# transfer PROTO FROM TO ADDRESS BYTES - PROTO is TCP or SCTP; what arrives is what was sent.
# SCTP's receiver is ended by us when its association is gone: it does not hear of that when it came before accept()
# (stock kernels, also in clear)
transfer()
{
	local proto=$1 from=$2 to=$3 dst=$4 bytes=$5 port fam=4 flag=-t pid limit=$((TEST_TIMEOUT * 4))

	port=$(rnd_port)
	[[ $dst != *:* ]] || fam=6
	[ "$proto" = TCP ] || flag=-S
	head -c "$bytes" /dev/urandom >"$WORKDIR/sent"
	: >"$WORKDIR/got"
	bg "$to" timeout "$limit" socat -u "$proto$fam-LISTEN:$port,reuseaddr" "OPEN:$WORKDIR/got,creat,trunc" 2>"$WORKDIR/socat"
	pid=$BG_PID
	wait_for listening "$to" "$flag" "$port" || { fail "no listener: $(cat "$WORKDIR/socat")"; kill "$pid"; return 1; }
	n "$from" timeout "$limit" socat -u "OPEN:$WORKDIR/sent" \
		"$proto$fam:$(sock_addr "$dst"):$port,connect-timeout=$TEST_TIMEOUT" 2>"$WORKDIR/socat" ||
		{ fail "$proto $from to $dst: $(tail -n 1 "$WORKDIR/socat")"; kill "$pid"; return 1; }
	[ "$proto" = TCP ] || { wait_for cmp -s "$WORKDIR/sent" "$WORKDIR/got" && wait_for no_association "$from" "$to"; kill "$pid" 2>/dev/null; }
	wait "$pid"
	cmp -s "$WORKDIR/sent" "$WORKDIR/got" || fail "$proto $from to $dst: $(wc -c <"$WORKDIR/got") of $bytes bytes, or others"
}

# bulk FROM TO ADDRESS BYTES [COMMAND...] - TCP there and back by wire/bulk.py, and after COMMAND the same by the same
# connection. What it says of itself is BULK. No byte for 5 s (a debug kernel: 20) is a stall: a timer of TCP has run
# out four times
bulk()
{
	local hold=$WORKDIR/hold pid gap

	rm -f "$hold".*
	TEST_TIMEOUT=$TEST_TIMEOUT "$LIB/wire/bulk.py" "$RUN$1" "$RUN$2" "$3" "$4" ${5:+"$hold"} >"$hold.said" 2>&1 &
	pid=$!
	PIDS+=("$pid")
	if [ $# -gt 4 ]; then
		# it ends by itself when nothing moves
		TEST_TIMEOUT=$((TEST_TIMEOUT * 60)) wait_for test -e "$hold.up" -o ! -e "/proc/$pid"
		"${@:5}"
		touch "$hold.go"
	fi
	wait "$pid" || { fail "TCP between $1 and $2: $(tail -n 1 "$hold.said")"; return 1; }
	BULK=$(tail -n 1 "$hold.said")
	echo "# TCP between $1 and $2: $BULK"
	gap=${BULK#gap=} gap=${gap%% *}
	[ "$gap" -lt $((TEST_TIMEOUT * 1000 / 6)) ] || fail "TCP between $1 and $2 stood still for $gap ms: $BULK"
}
