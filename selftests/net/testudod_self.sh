#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does testudod come to terms with testudod by every algorithm, group and kind of
# key that it knows, and does this project's stack then use just those?
#
# kernels: all
# timeout: 1200
# brief: v1_psk_aes_192|v2_psk_aes_gcm_16_256|v2_ed25519|v2_psk_chacha|every
#
#   A 10.0.1.1 .. 10.0.1.N ==== WIRE ==== B 10.0.2.1 .. 10.0.2.N
#
# One daemon at each end serves all rows: row K is between 10.0.1.K and 10.0.2.K, in
# transport mode, with a remote and a sainfo of its own that offer nothing else.

TEST_TIMEOUT=${TEST_TIMEOUT:-90}
. "$(dirname "$0")/../lib.sh"
. "$LIB/testudod.sh"

NOISE="($NOISE or udp port 500 or udp port 4500)"

# version, how both prove who they are; cipher, hash and group of IKE; cipher,
# authentication and group of ESP. "-": not there, as it is an AEAD.
ROWS='
1|psk|aes 128|sha1|modp1536|aes 128|hmac_sha1|modp1536
1|psk|aes 192|sha256|modp2048|aes 192|hmac_sha256|modp2048
1|psk|aes 256|sha384|modp3072|aes 256|hmac_sha384|modp3072
1|psk|camellia 128|sha512|modp4096|camellia 128|hmac_sha512|modp4096
1|psk|camellia 192|sha256|modp6144|camellia 192|hmac_sha256|modp6144
1|psk|camellia 256|sha256|modp8192|camellia 256|aes_xcbc|modp8192
1|psk|3des|md5|modp768|3des|hmac_md5|modp768
1|psk|aes 256|sha256|modp1024|null_enc|hmac_sha256|modp1024
1|psk|aes 256|sha256|ecp256|aes_gcm_16 128|-|ecp256
1|psk|aes 256|sha256|ecp384|aes_gcm_12 192|-|ecp384
1|psk|aes 256|sha256|ecp521|aes_gcm_8 256|-|ecp521
1|psk|aes 256|sha256|brainpool256|aes_ccm_16 128|-|brainpool256
1|psk|aes 256|sha256|brainpool384|aes_ccm_12 192|-|brainpool384
1|psk|aes 256|sha256|brainpool512|aes_ccm_8 256|-|brainpool512
1|rsa|aes 256|sha256|modp2048|aes_ctr 256|hmac_sha256|modp2048
1|psk|aes 256|sha256|modp2048|aes 256|non_auth|modp2048
2|psk|aes 128|sha1|modp1536|aes 128|hmac_sha1|modp1536
2|psk|aes 192|sha256|modp2048|aes 192|hmac_sha256|modp2048
2|psk|aes 256|sha384|modp3072|aes 256|hmac_sha384|modp3072
2|psk|camellia 128|sha512|modp4096|camellia 128|hmac_sha512|modp4096
2|psk|camellia 192|sha256|modp6144|camellia 192|aes_xcbc|modp6144
2|psk|camellia 256|sha256|modp8192|camellia 256|aes_cmac|modp8192
2|psk|3des|md5|modp768|3des|hmac_md5|modp768
2|psk|aes 256|sha256|modp1024|null_enc|hmac_sha256|modp1024
2|psk|aes_gcm_16 256|sha256|ecp256|aes_gcm_16 256|-|ecp256
2|psk|aes_gcm_12 192|sha384|ecp384|aes_gcm_12 192|-|ecp384
2|psk|aes_gcm_8 128|sha512|ecp521|aes_gcm_8 128|-|ecp521
2|psk|aes_ccm_16 256|sha256|brainpool256|aes_ccm_16 256|-|brainpool256
2|psk|aes_ccm_12 192|sha384|brainpool384|aes_ccm_12 192|-|brainpool384
2|psk|aes_ccm_8 128|sha512|brainpool512|aes_ccm_8 128|-|brainpool512
2|psk|chacha20poly1305|sha256|x25519|chacha20poly1305|-|x25519
2|psk|aes 256|sha512|x448|aes_ctr 128|hmac_sha512|x448
2|psk|aes 256|sha256|x25519|aes 256|non_auth|x25519
2|rsa|aes_gcm_16 128|sha256|x25519|aes 128|hmac_sha384|x25519
2|ec256|aes_gcm_16 128|sha256|x25519|aes 128|hmac_sha256|x25519
2|ec384|aes_gcm_16 128|sha256|x25519|aes 128|hmac_sha256|x25519
2|ec521|aes_gcm_16 128|sha256|x25519|aes 128|hmac_sha256|x25519
2|ed25519|aes_gcm_16 128|sha256|x25519|aes 128|hmac_sha256|x25519
'

# what `setkey -D` calls them
declare -A SHOWN=(
	[aes]=aes-cbc [camellia]=camellia-cbc [3des]=3des-cbc [aes_ctr]=aes-ctr
	[aes_gcm_16]=aes-gcm-16 [aes_gcm_12]=aes-gcm-12 [aes_gcm_8]=aes-gcm-8
	[aes_ccm_16]=aes-ccm-16 [aes_ccm_12]=aes-ccm-12 [aes_ccm_8]=aes-ccm-8
	[chacha20poly1305]=chacha20-poly1305
	[hmac_md5]=hmac-md5 [hmac_sha1]=hmac-sha1 [hmac_sha256]=hmac-sha256 [hmac_sha384]=hmac-sha384
	[hmac_sha512]=hmac-sha512 [aes_xcbc]=aes-xcbc-mac [aes_cmac]=aes-cmac
)

# remote K OWN OTHER CA VERSION AUTH CIPHER HASH GROUP - of what end's file
remote()
{
	local k=$1 own=$2 other=$3 cert=$4 ver=$5 auth=$6 method=pre_shared_key id

	id="my_identifier address; peers_identifier address;"
	if [ "$auth" != psk ]; then
		method=$([ "$ver" = 1 ] && echo rsasig || echo sig)
		id="my_identifier asn1dn; peers_identifier asn1dn \"C=DE, O=Test, CN=$([ "$cert" = a ] && echo b || echo a).test\";
 certificate_type x509 \"$auth/$cert.pem\" \"$auth/$cert.key\"; ca_type x509 \"$auth/ca.pem\";"
	fi
	cat <<-END
		remote $other.$k {
		 exchange_mode main;
		 $id
		 verify_identifier on;
		 proposal { encryption_algorithm $7; hash_algorithm $8; authentication_method $method; dh_group $9; }
		 testudo { ike_version $ver; insecure ok; }
		}
	END
}

# sainfo K OWN OTHER CIPHER AUTH GROUP
sainfo()
{
	cat <<-END
		sainfo address $2.$1 any address $3.$1 any {
		 pfs_group $6;
		 lifetime time 1 hour;
		 encryption_algorithm $4;
		 $([ "$5" = - ] || echo "authentication_algorithm $5;")
		 compression_algorithm deflate;
		 testudo { insecure ok; }
		}
	END
}

# write_files NODE OWN OTHER CA - what one end reads
write_files()
{
	local k ver auth c h g ec ea eg

	{
		echo "path pre_shared_key \"$WORKDIR/$1.psk\";"
		echo "path certificate \"$WORKDIR\";"
		echo "listen { adminsock \"$WORKDIR/$1.ctl\"; }"
		for ((k = 1; k <= ${#ROW[@]}; k++)); do
			IFS='|' read -r ver auth c h g ec ea eg <<<"${ROW[k - 1]}"
			remote $k "$2" "$3" "$4" "$ver" "$auth" "$c" "$h" "$g"
			sainfo $k "$2" "$3" "$ec" "$ea" "$eg"
		done
	} >"$WORKDIR/$1.conf"
	for ((k = 1; k <= ${#ROW[@]}; k++)); do
		echo "$3.$k secret-$k"
	done >"$WORKDIR/$1.psk"
	chmod 600 "$WORKDIR/$1.psk"
}

# start_end NODE
start_end()
{
	bg "$1" testudod -F -d -f "$WORKDIR/$1.conf" >"$WORKDIR/$1.log" 2>&1
	wait_for n "$1" testudoctl -s "$WORKDIR/$1.ctl" status ||
		skip_all "testudod does not start in $1: $(tail -n 3 "$WORKDIR/$1.log")"
}

# between NODE K - the same of one row's SAs
between()
{
	keys_of "$1" | awk -v a="10.0.1.$2" -v b="10.0.2.$2" '$1 == a && $2 == b || $1 == b && $2 == a' | sort
}

# keyed K - both ends hold the same SAs of the row, one each way; SAS are their keys
keyed()
{
	SAS=$(between A "$1")
	[ "$(cut -d ' ' -f 1 <<<"$SAS" | sort -u | wc -l)" -eq 2 ] && [ "$SAS" = "$(between B "$1")" ]
}

# uses TAG NAME LENGTH - both SAs have that key, of so many bytes; 0: any
uses()
{
	local want="$1 $2 "

	[ "$3" -eq 0 ] || want+=$(printf "[0-9a-f]%.0s" $(seq 1 $((2 * $3))))'$'
	[ "$(grep -c " $want" <<<"$SAS")" -eq 2 ] || fail "not two keys of $2 and $3 bytes: $SAS"
}

# t_row K - a packet of one end makes the SAs; what they use is what was configured
t_row()
{
	local k=$1 ec ea bytes

	IFS='|' read -r _ _ _ _ _ ec ea _ <<<"${ROW[k - 1]}"
	ping_some A "10.0.2.$k" 200
	if ! wait_for keyed "$k"; then
		fail "no SAs; A: $(grep -v DEBUG "$WORKDIR/A.log" | tail -n 4); B: $(grep -v DEBUG "$WORKDIR/B.log" | tail -n 4)"
		return
	fi
	ping_ok B "10.0.1.$k" 1000 1
	bytes=0
	if [[ $ec == *' '* ]]; then
		bytes=$((${ec#* } / 8))
		case $ec in
		aes_gcm* | aes_ctr*) bytes=$((bytes + 4)) ;;
		aes_ccm*) bytes=$((bytes + 3)) ;;
		esac
	fi
	[ "$ec" = null_enc ] || uses E "${SHOWN[${ec% *}]}" $bytes
	if [ "$ea" = - ] || [ "$ea" = non_auth ]; then
		! grep -q ' A ' <<<"$SAS" || fail "there is an authentication algorithm: $SAS"
	else
		uses A "${SHOWN[$ea]}" 0
	fi
}

# t_link - what was on the link since the first row, and what was dropped
t_link()
{
	MARK='no marker'
	CAP_PID=$LINK_PID
	cap_stop
	assert_enc
	drop_delta A
	drop_delta B
}

# t_every - nothing that the daemon knows is without a row
t_every()
{
	local name count=0

	for name in $(awk '
		/^static const struct alg algs/ { on = 1 }
		!on { next }
		/^};/ { exit }
		{ text = text $0 }
		/\),$/ {
			if (text ~ /(CBC|AEAD|INTEG|DH|DH_V2|HASH|ALG_ENCR)[(,]/ && text !~ /ALG_GONE/) {
				match(text, /"[a-z0-9_]+"/)
				print substr(text, RSTART + 1, RLENGTH - 2)
			}
			text = ""
		}' "$LIB/../userspace/testudod/crypto/alg.c"); do
		count=$((count + 1))
		grep -q "|${name}[| ]" <<<"$ROWS" || fail "no row has $name"
	done
	[ $count -gt 35 ] || fail "only $count algorithms found in the daemon's table"
}

# The cases share daemons: what one has made must not be flushed behind it.
flush_all()
{
	CONF=()
}

need_testudo
ROW=()
while read -r line; do
	[ -z "$line" ] || ROW+=("$line")
done <<<"$ROWS"
setup_t2
for ((k = 1; k <= ${#ROW[@]}; k++)); do
	echo "addr add 10.0.1.$k/32 dev eth0"
done | n A ip -batch -
for ((k = 1; k <= ${#ROW[@]}; k++)); do
	echo "addr add 10.0.2.$k/32 dev eth0"
done | n B ip -batch -
for ((k = 1; k <= ${#ROW[@]}; k++)); do
	echo "route add 10.0.2.$k via 10.0.0.2 src 10.0.1.$k"
done | n A ip -batch -
for ((k = 1; k <= ${#ROW[@]}; k++)); do
	echo "route add 10.0.1.$k via 10.0.0.1 src 10.0.2.$k"
done | n B ip -batch -
for ((k = 1; k <= ${#ROW[@]}; k++)); do
	echo "spdadd 10.0.1.$k 10.0.2.$k any -P out ipsec esp/transport//require;"
	echo "spdadd 10.0.2.$k 10.0.1.$k any -P in ipsec esp/transport//require;"
done >"$WORKDIR/A.spd"
sed 's/-P out/-P IN/; s/-P in/-P out/; s/-P IN/-P in/' "$WORKDIR/A.spd" >"$WORKDIR/B.spd"
n A setkey -f "$WORKDIR/A.spd"
n B setkey -f "$WORKDIR/B.spd"
for kind in rsa ec256 ec384 ec521 ed25519; do
	make_pki $kind
done
write_files A 10.0.1 10.0.2 a
write_files B 10.0.2 10.0.1 b
start_end A
start_end B
# all cases share it, and a case must not end it
cap_start WIRE left
LINK_PID=$CAP_PID CAP_PID=
drops_mark A
drops_mark B
add_case every_algorithm t_every
for ((k = 1; k <= ${#ROW[@]}; k++)); do
	IFS='|' read -r ver auth cipher hash group enc _ <<<"${ROW[k - 1]}"
	name=v${ver}_${auth}_${cipher}_${hash}_${group}_$enc
	add_case "${name// /_}" t_row $k
done
add_case every_link t_link
run_cases "$@"
