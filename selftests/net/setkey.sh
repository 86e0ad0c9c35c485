#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does setkey do to the kernel what its text says, show what the kernel holds,
# and tell by its exit status when the kernel refused?
#
# kernels: all
# timeout: 900
# brief: O01|O02|O09
#
# One namespace, no traffic.

. "$(dirname "$0")/../lib.sh"

K16=0x000102030405060708090a0b0c0d0e0f
H20=0x000102030405060708090a0b0c0d0e0f10111213
ESP="-E aes-cbc $K16 -A hmac-sha1 $H20"

# sk STATUS TEXT [OPTION...] - commands from standard input; output in $OUT, errors in $ERR
sk()
{
	local want=$1 text=$2 got

	shift 2
	n A setkey "$@" -f - <<<"$text" >"$WORKDIR/out" 2>"$WORKDIR/err"
	got=$?
	OUT=$(<"$WORKDIR/out")
	ERR=$(<"$WORKDIR/err")
	[ "$got" = "$want" ] || fail "status $got instead of $want for: $text -> $ERR"
}

# sad, spd - what the kernel holds, without what changes by itself
sad()
{
	n A setkey -D | sed -e '/created:\|diff:\|last:\|current:\|allocated:/d' -e 's/sadb_seq=.*//'
}

spd()
{
	n A setkey -DP | sed -e '/created:\|lifetime:\|refcnt=/d' -e 's/spid=.*//'
}

# holds WHAT TEXT [NUMBER] - so many lines of the dump have the text; 1 unless said
holds()
{
	equal "$("$1" | grep -cF -- "$2")" "${3:-1}" "lines of $1 with '$2'"
}

t_all_commands()
{
	sk 0 "add 10.0.0.1 10.0.0.2 esp 0x1000 -m tunnel -u 7 -r 32 -lh 1000 -ls 800 -bh 9000 -bs 8000 -ph 70 -ps 60 $ESP;
		add fd00::1 fd00::2 esp 0x1001 -E null -A hmac-sha256 \"01234567890123456789012345678901\";
		get 10.0.0.1 10.0.0.2 esp 0x1000;"
	grep -qF 'esp mode=tunnel spi=4096(0x00001000) reqid=7(0x00000007)' <<<"$OUT" || fail "get: $OUT"
	grep -qF 'hard: 1000(s)	soft: 800(s)' <<<"$OUT" || fail "time limits: $OUT"
	grep -qF 'hard: 9000(bytes)	soft: 8000(bytes)' <<<"$OUT" || fail "byte limits: $OUT"
	grep -qF 'allocated: 0	hard: 70	soft: 60' <<<"$OUT" || fail "packet limits: $OUT"
	sk 0 "delete 10.0.0.1 10.0.0.2 esp 0x1000; dump esp;"
	equal "$(grep -c 'mode=' <<<"$OUT")" 1 "SAs after a delete"
	sk 0 "flush; dump;"
	equal "$OUT" "No SAD entries." "an empty SAD"
	sk 0 "spddump;"
	equal "$OUT" "No SPD entries." "an empty SPD"
}

t_one_reply()
{
	sk 0 "add 10.0.0.1 10.0.0.2 esp 0x1000 $ESP; flush; spdflush; flush; add 10.0.0.1 10.0.0.2 esp 0x1001 $ESP; dump;"
	equal "$(grep -c 'mode=' <<<"$OUT")" 1 "SAs shown behind two flushes"
	grep -q '0x00001001' <<<"$OUT" || fail "the dump shows something else: $OUT"
}

# as_commands - the output of -D as the commands that make it
as_commands()
{
	awk '
	/^[0-9a-f]/ { src = $1; dst = $2; enc = auth = "" }
	/mode=/ { proto = $1; mode = substr($2, 6); split($3, spi, /[=(]/); split($4, req, /[=(]/) }
	/E: |A: / { tag = $1; alg = $2; key = "0x"; for (i = 3; i <= NF; i++) key = key $i
		if (tag == "E:") enc = "-E " alg " " key; else auth = "-A " alg " " key }
	/seq=0x/ { split($2, win, "=")
		print "add", src, dst, proto, spi[2], "-m", mode, "-u", req[2], "-r", win[2],
			(enc == "" ? "-E null" : enc), auth ";" }'
}

t_roundtrip()
{
	local first again

	sk 0 "add 10.0.0.1 10.0.0.2 esp 0x1000 -m tunnel -u 7 -r 32 $ESP;
		add fd00::1 fd00::2 esp 0x1001 -E null -A hmac-sha256 0x$(printf '%064d' 5);
		add 10.0.0.1 10.0.0.2 esp 0x1002 -m transport -E aes-gcm-16 $H20;
		spdadd 10.0.0.0/24 10.0.1.0/24[80] tcp -P out prio def + 10 ipsec esp/tunnel/1.1.1.1-2.2.2.2/require;
		spdadd ::/0 ::/0 icmp6 135,0 -P in prio high none;
		spdadd 0.0.0.0/0 0.0.0.0/0 gre 1234 -P fwd discard;
		spdadd fd00::/64 fd01::/64 any -P out ipsec esp/transport//unique:9;"
	first=$(sad; spd)
	{
		n A setkey -D | as_commands
		n A setkey -DP | awk '
			/^[0-9a-f:]/ { sub(/255$/, "any"); line = "spdadd " $0 " -P"; next }
			/created:/ { print line ";"; line = ""; next }
			line != "" { line = line " " $0 }'
	} >"$WORKDIR/again"
	sk 0 "flush; spdflush; $(<"$WORKDIR/again")" -k
	again=$(sad; spd)
	equal "$again" "$first" "databases after a dump was read back"
}

t_errors()
{
	sk 1 "add 10.0.0.1 10.0.0.2 esp 0x1000 $ESP;
add 10.0.0.1 10.0.0.2 esp 0x1001 -E aes-cbc 0x00;
add 10.0.0.1 10.0.0.2 esp 0x1002 $ESP;"
	grep -q '^setkey: <stdin>:2:45: error: the key has 8 bits' <<<"$ERR" || fail "message: $ERR"
	holds sad 'spi=4096('
	holds sad 'spi=' 1
	sk 1 "add 10.0.0.1 10.0.0.2 esp 0x1003 $ESP; spdadd 10.0.0.1 10.0.0.2; flush;"
	holds sad 'spi=' 2
	sk 0 "flush;" -n
	holds sad 'spi=' 2
}

t_exit_status()
{
	sk 0 "add 10.0.0.1 10.0.0.2 esp 0x1000 $ESP; spdadd 10.0.0.1 10.0.0.2 any -P out none;"
	sk 2 "add 10.0.0.1 10.0.0.2 esp 0x1000 $ESP; add 10.0.0.1 10.0.0.2 esp 0x1001 $ESP;"
	grep -q '^setkey: <stdin>:1:1: add: File exists' <<<"$ERR" || fail "EEXIST: $ERR"
	holds sad 'spi=4097('
	sk 2 "delete 10.0.0.1 10.0.0.2 esp 0x2000;"
	grep -q 'delete: No such process' <<<"$ERR" || fail "ESRCH: $ERR"
	sk 2 "get 10.0.0.1 10.0.0.2 esp 0x2000;"
	sk 2 "spdadd 10.0.0.1 10.0.0.2 any -P out discard;"
	grep -q 'spdadd: File exists' <<<"$ERR" || fail "EEXIST of a policy: $ERR"
	sk 2 "spddelete 10.0.0.1 10.0.0.3 any -P out;"
	grep -q 'spddelete: No such file or directory' <<<"$ERR" || fail "ENOENT: $ERR"
	sk 2 "add 10.0.0.1 10.0.0.2 esp 0x2000 -lh 10 $ESP;"
	grep -q 'add: Invalid argument' <<<"$ERR" || fail "EINVAL: $ERR"
	setpriv --bounding-set -all setkey -D >/dev/null 2>"$WORKDIR/err"
	equal "$?" 2 "status without CAP_NET_ADMIN"
	grep -q 'Operation not permitted' "$WORKDIR/err" || fail "EPERM: $(<"$WORKDIR/err")"
}

# t_fqdn SAS POLICIES [OPTION] - so many come of the names in the text
t_fqdn()
{
	printf '%s\n' '10.0.0.1 gw' '10.0.0.9 gw' 'fd00::1 gw' '10.0.0.2 peer' 'fd00::2 peer' >"$WORKDIR/hosts"
	echo 'hosts: files' >"$WORKDIR/nsswitch"
	# shellcheck disable=SC2016 # expanded by the inner shell
	n A unshare -m sh -c 'mount --bind "$1/hosts" /etc/hosts && mount --bind "$1/nsswitch" /etc/nsswitch.conf &&
		setkey $2 -f "$1/text"' sh "$WORKDIR" "${3:-}" 2>"$WORKDIR/err" || fail "names: $(<"$WORKDIR/err")"
	holds sad 'spi=4097(' "$1"
	holds spd 'out prio def none' "$2"
}

t_fqdn_all()
{
	echo 'spdadd gw peer any -P out none; add peer gw esp 0x1001 -E null;' >"$WORKDIR/text"
	t_fqdn 3 3
}

t_fqdn_family()
{
	echo 'spdadd -4 gw peer any -P out none; add -6 peer gw esp 0x1001 -E null;' >"$WORKDIR/text"
	t_fqdn 1 2
}

# -4 and -6 for all commands; what a command says for itself is stronger
t_fqdn_option()
{
	echo 'spdadd gw peer any -P out none; add peer gw esp 0x1001 -E null;' >"$WORKDIR/text"
	t_fqdn 2 2 -4
	holds sad 'fd00:' 0
	flush A
	t_fqdn 1 1 -6
	holds sad '10.0.0.' 0
	flush A
	echo 'spdadd -4 gw peer any -P out none; add peer gw esp 0x1001 -E null;' >"$WORKDIR/text"
	t_fqdn 1 2 -6
}

t_numeric_only()
{
	sk 1 "add -n localhost 10.0.0.2 esp 0x1001 -E null;"
	grep -q 'not a numeric address' <<<"$ERR" || fail "message: $ERR"
}

t_keys()
{
	sk 0 'add 10.0.0.1 10.0.0.2 esp 0x1000 -E null -A hmac-md5 "0123456789 ;#\z!";
		add 10.0.0.1 10.0.0.2 esp 0x1001 -E null -A hmac-md5 0x30313233343536373839203b235c7a21;'
	holds sad 'A: hmac-md5  30313233 34353637 3839203b 235c7a21' 2
}

t_fwd()
{
	sk 0 "spdadd 10.0.0.0/24 10.0.1.0/24 any -P in ipsec esp/tunnel/1.1.1.1-2.2.2.2/unique:5 esp/transport//unique:6;"
	holds spd 'fwd prio def ipsec'
	holds spd '/unique:5'
	holds spd 'esp/tunnel/1.1.1.1-2.2.2.2/require'
	holds spd 'esp/transport//require'
	sk 0 "spdupdate 10.0.0.0/24 10.0.1.0/24 any -P in prio high none;"
	holds spd 'fwd prio high none'
	sk 0 "spddelete 10.0.0.0/24 10.0.1.0/24 any -P in; spddump;"
	equal "$OUT" "No SPD entries." "after deleting the in policy"
	sk 0 "spdadd 10.0.0.0/24 10.0.1.0/24 any -P in none;" -k
	holds spd 'fwd' 0
	sk 0 "spddelete 10.0.0.0/24 10.0.1.0/24 any -P in;"
	# a file for kernel semantics that names fwd itself
	sk 0 "spdadd 10.0.0.0/24 10.0.1.0/24 any -P in none; spdadd 10.0.0.0/24 10.0.1.0/24 any -P fwd discard;"
	holds spd 'fwd prio def discard'
	holds spd 'fwd prio def' 1
}

t_deleteall()
{
	sk 0 "$(for i in 1 2 3 4 5; do echo "add 10.0.0.1 10.0.0.2 esp 0x200$i $ESP;"; done)
		add 10.0.0.2 10.0.0.1 esp 0x2001 $ESP; add fd00::1 fd00::2 esp 0x2001 $ESP;
		deleteall 10.0.0.1 10.0.0.2 esp;"
	holds sad 'spi=' 2
	sk 0 "deleteall 10.0.0.1 10.0.0.2 esp;"
}

larvals()
{
	n A setkey -D | grep -c 'state=larval'
}

# gone TEXT - no line of the SAD has it
gone()
{
	! n A setkey -D | grep -qF -- "$1"
}

t_getspi()
{
	local spi

	# the machine may be slow, and larvals must outlive the case
	n A sysctl -qw net.testudo.larval_seconds=1000
	sk 0 "getspi 10.0.0.1 10.0.0.2 esp 0x5555 -m tunnel -u 9; getspi 10.0.0.3 10.0.0.2 esp 0;"
	spi=$(sed -n 's/^\tesp spi=\([0-9]*\)(0x.*/\1/p' <<<"$OUT")
	[ "${spi:-0}" -ge 256 ] || fail "no SPI was told: $OUT"
	holds sad "spi=$spi("
	holds sad 'state=larval' 2
	sk 0 "update 10.0.0.1 10.0.0.2 esp 0x5555 -m tunnel -u 9 $ESP;"
	holds sad 'state=mature' 1
	sk 2 "getspi 10.0.0.1 10.0.0.2 esp 0x5555;"
	sk 2 "update 10.0.0.1 10.0.0.2 esp 0x7777 $ESP;"
	equal "$(larvals)" 1 "larvals that nobody gave keys"
	n A sysctl -qw net.testudo.larval_seconds=1
	sk 0 "getspi 10.0.0.3 10.0.0.2 esp 0x5556;"
	wait_for gone 'spi=21846(' || fail "a larval outlives net.testudo.larval_seconds"
	n A sysctl -qw net.testudo.larval_seconds=0
}

t_spdget()
{
	local id

	sk 0 "spdadd 10.0.0.1 10.0.0.2 any -P out prio low - 5 none;"
	id=$(n A setkey -DP | sed -n 's/.*spid=\([0-9]*\).*/\1/p')
	sk 0 "spdget $id;"
	grep -qF 'out prio low - 5 none' <<<"$OUT" || fail "spdget: $OUT"
	sk 2 "spdget $((id + 8));"
}

t_ours()
{
	sk 0 "add 10.0.0.1 10.0.0.2 esp 0x1000 -f esn -r 2048 -seq 8589934592 -E aes-gcm-16 $H20;
		add 10.0.0.1 10.0.0.2 esp 0x1001 -r 64 -E aes-gcm-16 $H20;"
	holds sad 'esn=yes window=2048 oseq=8589934592 iseq=8589934592'
	holds sad 'esn=' 1
	sk 1 "add 10.0.0.1 10.0.0.2 esp 0x1002 -f esn -E aes-gcm-16 $H20;"
}

t_monitor()
{
	local type

	bg A setkey -x >"$WORKDIR/seen" 2>&1
	wait_for grep -q X_PROMISC "$WORKDIR/seen" || fail "the monitor does not run"
	sk 0 "add 10.0.0.1 10.0.0.2 esp 0x1000 $ESP; update 10.0.0.1 10.0.0.2 esp 0x1000 $ESP;
		get 10.0.0.1 10.0.0.2 esp 0x1000; delete 10.0.0.1 10.0.0.2 esp 0x1000; dump; getspi 10.0.0.1 10.0.0.2 esp 0x999;
		spdadd 10.0.0.1 10.0.0.2 any -P out none; spdupdate 10.0.0.1 10.0.0.2 any -P out none;
		spddelete 10.0.0.1 10.0.0.2 any -P out; spddump; flush; spdflush;"
	wait_for grep -q X_SPDFLUSH "$WORKDIR/seen"
	for type in REGISTER ADD UPDATE GET DELETE DUMP GETSPI X_SPDADD X_SPDUPDATE X_SPDDELETE X_SPDDUMP FLUSH X_SPDFLUSH; do
		grep -q ":[0-9.]* $type\\b" "$WORKDIR/seen" || fail "no $type was shown"
	done
	refuse grep -q malformed "$WORKDIR/seen"
}

# twice FILE - what -l repeats every second is there again
twice()
{
	[ "$(grep -c ' esp M 00001000 ' "$1")" -ge 2 ]
}

t_short()
{
	sk 0 "add 10.0.0.1[4500] 10.0.0.2 esp 0x1000 $ESP;"
	bg A setkey -Dl >"$WORKDIR/short"
	wait_for twice "$WORKDIR/short" || fail "-l shows the SA once, or never"
	kill "$BG_PID"
	grep -qE '^[0-9]{4} esp M 00001000 +[0-9]+/0 +10.0.0.1 -> 10.0.0.2$' "$WORKDIR/short" ||
		fail "short form: $(<"$WORKDIR/short")"
	n A setkey -Dp | grep -q '^10.0.0.1\[' || fail "no port is shown"
}

t_flush_policies()
{
	sk 0 "add 10.0.0.1 10.0.0.2 esp 0x1000 $ESP; spdadd 10.0.0.1 10.0.0.2 any -P out none;"
	expect n A setkey -FP
	equal "$(n A setkey -DP)" "No SPD entries." "policies after -FP"
	holds sad 'spi='
	sk 0 "spdadd 10.0.0.1 10.0.0.2 any -P out none;"
	expect n A setkey -F
	equal "$(n A setkey -D)" "No SAD entries." "SAs after -F"
	holds spd 'out prio def none'
}

# stored - a dump as the kernel sends it, into two files: as it is, and with the SA's state made "dead"
stored()
{
	n A python3 - "$WORKDIR/alive" "$WORKDIR/dead" <<-'PY'
		import os, socket, struct, sys
		s = socket.socket(15, socket.SOCK_RAW, 2)
		s.send(struct.pack("=BBBBHHII", 2, 10, 0, 0, 2, 0, 1, os.getpid()))
		msg = bytearray(s.recv(65536))
		open(sys.argv[1], "wb").write(msg)
		at = 16
		while struct.unpack_from("=H", msg, at + 2)[0] != 1:
		    at += struct.unpack_from("=H", msg, at)[0] * 8
		msg[at + 9] = 3
		open(sys.argv[2], "wb").write(msg)
	PY
}

t_dead()
{
	sk 0 "add 10.0.0.1 10.0.0.2 esp 0x1000 $ESP;"
	equal "$(n A setkey -aD | grep -c 'spi=4096(')" 1 "SAs of -aD"
	stored || fail "no dump message"
	n A setkey "$WORKDIR/alive" | grep -q 'spi=4096(' || fail "a stored message is not shown"
	equal "$(n A setkey "$WORKDIR/dead")" "" "a dead SA without -a"
	n A setkey -a "$WORKDIR/dead" | grep -q 'state=dead' || fail "no dead SA with -a"
}

# The bytes of what is sent, and of what a monitor sees, are the message itself.
t_hex()
{
	sk 0 "add 10.0.0.1 10.0.0.2 esp 0x1000 $ESP;" -H
	grep -qE '^00000000: 02 03 00 03 ' <<<"$OUT" || fail "-H: $OUT"
	bg A setkey -H -xx >"$WORKDIR/seen" 2>&1
	wait_for grep -q X_PROMISC "$WORKDIR/seen" || fail "the monitor does not run"
	sk 0 "delete 10.0.0.1 10.0.0.2 esp 0x1000;"
	wait_for grep -qE '^00000000: 02 04 00 03 ' "$WORKDIR/seen" || fail "-H -xx shows no bytes of a DELETE"
	kill "$BG_PID"
	grep -qE '^[0-9]{10}\.[0-9]{6} DELETE esp' "$WORKDIR/seen" || fail "-xx: $(grep DELETE "$WORKDIR/seen")"
}

t_many()
{
	local k=1000

	seq -f "add 10.0.0.1 10.0.0.2 esp %.0f -E null -A hmac-md5 $K16;" 4096 $((4095 + k)) >"$WORKDIR/many"
	expect n A setkey -f "$WORKDIR/many"
	n A setkey -D >"$WORKDIR/dump"
	equal "$(grep -c 'state=mature' "$WORKDIR/dump")" $k "SAs in a dump"
	equal "$(grep -c 'sadb_seq=0' "$WORKDIR/dump")" 1 "ends of a dump"
	expect n A setkey -F
	n A setkey -c <"$WORKDIR/many" || fail "-c failed"
	equal "$(n A setkey -D | grep -c 'state=mature')" $k "SAs after -c"
}

need_testudo
node A
add_case O01_all_commands t_all_commands
add_case O02_roundtrip t_roundtrip
add_case O03_errors t_errors
add_case O04_fqdn_all t_fqdn_all
add_case O04_fqdn_family t_fqdn_family
add_case O04_fqdn_option t_fqdn_option
add_case O04_numeric_only t_numeric_only
add_case O05_keys t_keys
add_case O06_fwd t_fwd
add_case O07_monitor t_monitor
add_case O08_short t_short
add_case O08_flush_policies t_flush_policies
add_case O08_dead t_dead
add_case O07_hex_and_epoch t_hex
add_case O09_exit_status t_exit_status
add_case O10_many t_many
add_case O11_deleteall t_deleteall
add_case O12_getspi t_getspi
add_case O13_spdget t_spdget
add_case O14_esn_and_windows t_ours
add_case N56_one_reply_each t_one_reply
run_cases "$@"
