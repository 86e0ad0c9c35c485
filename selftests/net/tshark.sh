#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does tshark, given the keys, open and authenticate what was on the wire? A
# third judge beside the stock stack and the wire peer.
#
# kernels: 6.12
# timeout: 900
#
#   A 10.0.0.1 ---- captured ---- B 10.0.0.2
#
# tshark 4.0 knows neither ChaCha20-Poly1305, CCM, GMAC nor Camellia.

. "$(dirname "$0")/../lib.sh"

PAIRS=("null sha1" "3des md5" "aes128 sha256" "aes192 sha384" "aes256 sha512" "ctr128 sha1" "ctr256 sha256"
	"gcm8_128 none" "gcm12_128 none" "gcm16_128 none" "gcm16_192 none" "gcm16_256 none")
ARGS=(-o esp.enable_encryption_decode:TRUE -o esp.enable_authentication_check:TRUE)
declare -A SPI=()

# uat SRC DST SPI ENC EKEY AUTH AKEY - one row of tshark's table of SAs
uat()
{
	printf 'uat:esp_sa:"IPv4","%s","%s","%s","%s","%s","%s","%s"' "$1" "$2" "$3" "${TSHARK_NAME[$4]}" \
		"${5:+0x$5}" "${TSHARK_NAME[$6]}" "${7:+0x$7}"
}

# record - ping under every algorithm with one capture running, and let tshark read it once
record()
{
	local pair enc auth

	mark_new
	cap_start WIRE left
	for pair in "${PAIRS[@]}"; do
		read -r enc auth <<<"$pair"
		sa_pair A B 10.0.0.1 10.0.0.2 transport "$enc" "$auth"
		sp_pair A B 10.0.0.1 10.0.0.2 transport 10.0.0.1 10.0.0.2
		commit
		SPI[$pair]="$SPI12 $SPI21"
		ARGS+=(-o "$(uat 10.0.0.1 10.0.0.2 "$SPI12" "$enc" "$EK12" "$auth" "$AK12")"
			-o "$(uat 10.0.0.2 10.0.0.1 "$SPI21" "$enc" "$EK21" "$auth" "$AK21")")
		ping_ok A 10.0.0.2 61 2
		flush A
		flush B
	done
	cap_stop
	tshark -n -r "$CAP" "${ARGS[@]}" -Y "icmp and esp.icv_good == 1" -T fields -e esp.spi -e data.data \
		>"$WORKDIR/tshark" 2>"$WORKDIR/tshark.err"
}

# t_opened PAIR - two packets each way, authentic, with the marker inside
t_opened()
{
	local spi count

	[ "${#SPI[@]}" -gt 0 ] || record
	for spi in ${SPI[$1]}; do
		count=$(grep -i "^$(printf '0x%08x' "$spi")" "$WORKDIR/tshark" | grep -c "$MARK_HEX")
		equal "$count" 2 "packets that tshark opened under SPI $spi ($(tail -n 1 "$WORKDIR/tshark.err"))"
	done
}

need_module
command -v tshark >/dev/null || skip_all "no tshark"
setup_t2
for pair in "${PAIRS[@]}"; do
	add_case "A04_tshark_${pair// /_}" t_opened "$pair"
done
run_cases "$@"
