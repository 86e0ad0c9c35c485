// SPDX-License-Identifier: GPL-2.0
/*
 * racoon.conf: what each statement means here, by the class that it has in the
 * manual: it works, it is ignored, it is refused, it is insecure. What is said of
 * mistakes is in test_conf_mistakes.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf_rows.h"

#define INSECURE  ", or accept the risk with 'testudo { insecure ok; }' in this block or --allow-insecure"
#define V2	  "testudo { ike_version 2; }"

/* ---- classes E and C: it works ---- */

static void test_remote_values(void **state)
{
	static const struct row rows[] = {
		{ R(""), NULL,
		  "ike_version 1;|start on_traffic;|exchange_mode main;|my_identifier address;|lifetime time 28800 sec;|dpd_delay 30;|dpd_retry 5;|dpd_maxfail 5;|nat_traversal on;|ike_frag on;|proposal_check strict;|rekey on;|passive off;|generate_policy off;|verify_cert on;|initial_contact on;|verify_identifier off;",
		  .why = "defaults: racoon's, and ours for DPD, NAT-T and fragmentation" },
		{ R("exchange_mode aggressive main;"),
		  "2:15: warning: aggressive mode with a pre-shared key is insecure: who listens can search for the key\n",
		  "exchange_mode aggressive,main;", true,
		  .why = "racoon skips commas, so they may be left out" },
		{ R("lifetime time 60 min; nonce_size 16; passive on; initial_contact off;"), NULL,
		  "lifetime time 3600 sec;|nonce_size 16;|passive on;|initial_contact off;",
		  .why = "units and switches" },
		{ R("lifetime time 30sec;"), NULL, "lifetime time 30 sec;",
		  .why = "racoon's scanner takes a unit that hangs on its number" },
		{ R("nat_traversal force; ike_frag off; rekey force;"), NULL,
		  "nat_traversal force;|ike_frag off;|rekey force;", .why = "third values" },
		{ R("dpd_delay 0; dpd_retry 3; dpd_maxfail 2;"), NULL,
		  "dpd_delay 0;|dpd_retry 3;|dpd_maxfail 2;", .why = "0 is answer only" },
		{ R("dpd off; dpd_delay 20;"), NULL, "dpd_delay 0;", .why = "off wins in any order" },
		{ R("generate_policy unique; ph1id 7; proposal_check exact;"), NULL,
		  "generate_policy unique;|ph1id 7;|proposal_check exact;", .why = "more words" },
		{ R("script \"/x/up\" phase1_up; script \"/x/dead\" phase1_dead;"), NULL,
		  "script \"/x/up\" phase1_up;|script \"/x/dead\" phase1_dead;", .why = "scripts" },
		{ "path certificate \"/c\"; path script \"/s/\";" R("ca_type x509 \"ca.pem\"; peers_certfile x509 \"/abs.pem\"; script \"d\" phase1_down;"),
		  NULL, "ca_type x509 \"/c/ca.pem\";|peers_certfile x509 \"/abs.pem\";|script \"/s/d\" phase1_down;",
		  .why = "names are relative to a path" },
		{ R("ca_type x509 \"ca.pem\";") "path certificate \"/c\";", NULL,
		  "ca_type x509 \"/c/ca.pem\";", .why = "the path may stand behind its use" },
		{ R("peers_certfile \"old.pem\";"),
		  "2:16: note: racoon wants the type of certificate to be said | write 'peers_certfile x509 \"...\";'\n",
		  "peers_certfile x509 \"old.pem\";", .why = "the old form" },
		{ "remote 10.0.0.1 [4500] { " P " }\nremote fe80::1 {" P "}\nremote \"n\" { remote_address 10.0.0.2 [501]; " P "}\n",
		  NULL, "remote 10.0.0.1 [4500] {|remote fe80::1 {|remote \"n\" {|remote_address 10.0.0.2 [501];",
		  .why = "ways to say the peer" },
		{ "remote gw.example.net {" P "}", NULL, "remote gw.example.net {",
		  .why = "a host's name is kept where it can not be resolved" },
		{ "remote 10.0.0.1[500]{" P "}", NULL, "remote 10.0.0.1 [500] {", .why = "no blanks are needed" },
		{ R("dh_group 15;") "remote 10.0.0.2 { dh_group 15; exchange_mode main; proposal { encryption_algorithm 3des; hash_algorithm md5; authentication_method pre_shared_key; } testudo { insecure ok; } }",
		  "5:84: warning: '3des' is insecure: its blocks of 64 bits leak after some gigabytes (Sweet32); use aes 256\n"
		  "5:105: warning: 'md5' is insecure: MD5 is broken; use sha256\n",
		  "dh_group modp3072;|encryption_algorithm 3des;", .why = "the group of all proposals that say none" },
	};

	(void)state;
	ROWS(rows);
}

static void test_identities(void **state)
{
	static const struct row rows[] = {
		{ R("my_identifier fqdn \"a.test\"; peers_identifier user_fqdn \"u@b.test\"; peers_identifier address 10.0.0.1; verify_identifier on;"),
		  NULL, "my_identifier fqdn \"a.test\";|peers_identifier user_fqdn \"u@b.test\";|peers_identifier address \"10.0.0.1\";",
		  .why = "names and addresses" },
		{ R("peers_identifier asn1dn \"C=DE, O=A\\, B, CN=*\";"), NULL,
		  "peers_identifier asn1dn \"C=DE, O=A\\, B, CN=*\";", .why = "escapes and wildcards" },
		{ R("my_identifier keyid tag \"me\";"), NULL, "my_identifier keyid tag \"me\";", .why = "a tag" },
		{ R("my_identifier keyid tag \"m\xfc\"; peers_identifier fqdn \"m\xfc.test\"; verify_identifier on;"), NULL,
		  "my_identifier keyid tag \"m\xfc\";|peers_identifier fqdn \"m\xfc.test\";", .why = "found by the fuzzer: no UTF-8, and printed as another identity" },
		{ R("my_identifier keyid_use \"me\"; peers_identifier certname \"CN=b\";"), NULL,
		  "my_identifier keyid tag \"me\";|peers_identifier asn1dn \"CN=b\";", .why = "names of Mac OS X and KAME" },
		{ R("my_identifier keyid \"nofile\";"),
		  "2:21: error: cannot read 'nofile': No such file or directory | an identity that is no file's name: keyid tag \"...\"\n",
		  .why = "without a word it is a file, as in racoon" },
		{ R("my_identifier adress 10.0.0.1;"),
		  "2:15: error: 'adress' is no type of identity; expected address, fqdn, user_fqdn, keyid or asn1dn | did you mean 'address'?\n",
		  .why = "a typo from the field" },
		{ R("my_identifier fqdn a.test;"),
		  "2:20: error: expected a name in quotes | put double quotes around it\n", .why = "quotes are needed" },
		{ R("my_identifier asn1dn;"),
		  "2:15: error: a bare 'asn1dn' is the subject of the certificate, and none is named | give a name, as in 'asn1dn \"C=DE, O=Example, CN=me\"'\n",
		  .why = "subject of nothing" },
		{ R("my_identifier asn1dn \"CN=*\";"),
		  "2:15: error: our own identity can not have a '*'\n", .why = "we are somebody" },
		{ R("peers_identifier asn1dn \"nonsense\";"),
		  "2:25: error: 'nonsense' is no distinguished name | write it as \"C=DE, O=Example, CN=gw.example\"\n",
		  .why = "no DN" },
		{ R("peers_identifier address 10.0.0.256;"),
		  "2:26: error: '10.0.0.256' is no IPv4 or IPv6 address\n", .why = "no address" },
		{ R("verify_identifier on;"),
		  "1:1: warning: 'verify_identifier on' checks nothing without a peers_identifier | add 'peers_identifier TYPE \"VALUE\";'\n",
		  .why = "a check without its object" },
	};

	(void)state;
	ROWS(rows);
}

static void test_sainfo_values(void **state)
{
	static const struct row rows[] = {
		{ S("pfs_group 14; lifetime time 1 hour; lifetime byte 2 MB; encryption_algorithm aes, aes_gcm 128; authentication_algorithm hmac_sha2_256; compression_algorithm deflate;"),
		  NULL, "pfs_group modp2048;|lifetime time 3600 sec;|lifetime byte 2048 KB;|encryption_algorithm aes, aes_gcm_16 128;|authentication_algorithm hmac_sha256;|compression_algorithm deflate;|# esn: IKEv2 offers it, IKEv1 does not",
		  .why = "everything, with aliases" },
		{ S("testudo { esn on; }"), NULL, "\tesn on;",
		  .why = "that is more than nothing said: IKEv1 offers it, too" },
		{ S(""), NULL, "the default set|lifetime time 28800 sec;", .why = "nothing said: the default set" },
		{ S("encryption_algorithm aes_gcm 256, chacha20poly1305; testudo { esn off; }"), NULL,
		  "encryption_algorithm aes_gcm_16 256, chacha20poly1305;|esn off;",
		  .why = "AEADs need no authentication_algorithm" },
		{ S("encryption_algorithm aes_gcm 256; authentication_algorithm non_auth;"), NULL,
		  "authentication_algorithm non_auth;", .why = "and with one racoon's word for none is no risk" },
		{ "sainfo address 10.0.0.1[80] tcp subnet 10.2.0.0/16[any] any from fqdn \"a.test\" {" ALGS "}", NULL,
		  "sainfo subnet 10.0.0.1/32 [80] 6 subnet 10.2.0.0/16 [any] any from fqdn \"a.test\" {", .why = "selectors" },
		{ "sainfo anonymous clientaddr {" ALGS "} sainfo subnet ::/0 any anonymous {" ALGS "}", NULL,
		  "sainfo anonymous clientaddr {|sainfo subnet ::/0 [any] any anonymous {", .why = "one side only" },
		{ "sainfo address 10.0.0.1-10.0.0.9 any address 10.1.0.1 icmp {" ALGS "}", NULL,
		  "sainfo address 10.0.0.1-10.0.0.9 [any] any subnet 10.1.0.1/32 [any] 1 {", .why = "a range" },
		{ "sainfo address fd00::1-fd00::9 any address fd00::1 icmp6 {" ALGS "}", NULL,
		  "sainfo address fd00::1-fd00::9 [any] any subnet fd00::1/128 [any] 58 {", .why = "and of IPv6" },
		{ "sainfo subnet 10.0.0.1/24 any anonymous {" ALGS "}",
		  "1:15: warning: bits are set behind the prefix; it is read as 10.0.0.0/24[any] any\n",
		  "sainfo subnet 10.0.0.0/24 [any] any anonymous {", .why = "by value" },
		{ "sainfo fqdn \"a\" anonymous {" ALGS "}",
		  "1:8: warning: a sainfo for a name is never used | peers negotiate addresses: write 'address' or 'subnet'\n",
		  "sainfo fqdn \"a\" anonymous {", .why = "racoon's grammar has it" },
		{ "sainfo anonymous { remoteid 3; " ALGS " }",
		  "1:1: warning: no remote has 'ph1id 3': this sainfo is never used\n", .why = "a loose end" },
		{ "sainfo (address 10.0.0.0/24 any address 10.1.0.0/24 any) {" ALGS "}",
		  "1:8: note: parentheses mean nothing here\n",
		  "sainfo subnet 10.0.0.0/24 [any] any subnet 10.1.0.0/24 [any] any {", .why = "as handbooks have it, and racoon did not mind" },
		{ R("") "sainfo anonymous { pfs_group x25519; " ALGS " }",
		  "5:1: warning: IKEv1 does not have the group 'x25519', and remote '10.0.0.1' may speak it | write 'pfs_group ecp256;'\n",
		  .why = "IKEv2 only: the group" },
		{ R("") "sainfo anonymous { encryption_algorithm chacha20poly1305; }",
		  "5:1: warning: IKEv1 has none of these algorithms, and remote '10.0.0.1' may speak it | add 'aes 256' and 'hmac_sha256'\n",
		  .why = "IKEv2 only: all ciphers" },
		{ R("") "sainfo anonymous { encryption_algorithm chacha20poly1305, aes_gcm 256; }", NULL, .why = "but one" },
		{ "remote 10.0.0.1 {" V2 "} sainfo anonymous { pfs_group x25519; encryption_algorithm chacha20poly1305; }", NULL,
		  .why = "nobody speaks IKEv1" },
	};

	(void)state;
	ROWS(rows);
}

static void test_own(void **state)
{
	static const struct row rows[] = {
		{ "remote 10.0.0.1 { testudo { ike_version 2,1; start immediate; } " P "}", NULL,
		  "ike_version 2,1;|start immediate;", .why = "what racoon does not have" },
		{ "remote 10.0.0.1 {" V2 "}", NULL, "authentication_method pre_shared_key;",
		  .why = "IKEv2 needs no proposal" },
		{ "remote 10.0.0.1 {" V2 " certificate_type x509 \"c\" \"k\"; peers_identifier asn1dn \"CN=b\"; verify_identifier on; }",
		  NULL, "authentication_method sig;", .why = "with a certificate it signs" },
		{ "remote 10.0.0.1 {" V2 " proposal { encryption_algorithm aes_gcm 256; authentication_method pre_shared_key; } }",
		  NULL, "encryption_algorithm aes_gcm_16 256;", .why = "what is not said is the default set" },
		{ "remote 10.0.0.1 { " V2 " proposal { dh_group x25519; } }",
		  "1:46: error: the proposal has no authentication_method | add 'authentication_method pre_shared_key;'\n",
		  .why = "but how to authenticate must be said" },
		{ "remote 10.0.0.1 { proposal { encryption_algorithm aes_gcm_16 256; hash_algorithm sha256; dh_group 14; authentication_method pre_shared_key; } }",
		  "1:51: error: IKEv1 does not have 'aes_gcm_16' | add 'testudo { ike_version 2; }' to the remote\n",
		  .why = "an AEAD for IKEv1" },
		{ "remote 10.0.0.1 { certificate_type x509 \"c\" \"k\"; peers_identifier asn1dn \"CN=b\"; verify_identifier on; proposal { encryption_algorithm aes; hash_algorithm sha256; dh_group 14; authentication_method ecdsasig; } }",
		  "1:199: error: IKEv1 does not have 'ecdsasig' | add 'testudo { ike_version 2; }' to the remote\n",
		  .why = "a signature for IKEv2" },
		{ "remote 10.0.0.1 { testudo { ike_version 2,1; } proposal { dh_group x25519; authentication_method pre_shared_key; } }",
		  "1:1: error: remote '10.0.0.1' has no proposal that IKEv1 can use\n", .why = "one for each version" },
		{ "remote anonymous { testudo { start immediate; } " P "}",
		  "1:1: warning: the identity of the peer is not checked: every key of psk.txt will do | add 'peers_identifier TYPE \"VALUE\"; verify_identifier on;'\n"
		  "1:36: error: 'start immediate' needs a peer with an address\n", .why = "nobody to begin with" },
		{ R("passive on; testudo { start immediate; }"),
		  "2:29: error: 'start immediate' contradicts 'passive on'\n", .why = "a contradiction" },
		{ R("testudo { ike_version 3; }"),
		  "2:23: error: '3' is no version of IKE; expected 1 or 2\n", .why = "no such version" },
		{ R("esn on;"), "2:1: error: 'esn' does not belong in remote but in the testudo block of a sainfo | write 'testudo { esn on; }'\n",
		  .why = "of another block" },
		{ "remote 10.0.0.1 { ike_version 2; start immediate; }",
		  "1:19: error: 'ike_version' does not belong in remote but in the testudo block of a remote | write 'testudo { ike_version 2; }'\n"
		  "1:34: error: 'start' does not belong in remote but in the testudo block of a remote | write 'testudo { start immediate; }'\n",
		  .why = "not in its block, and understood all the same: nobody asks for IKEv1's proposal" },
		{ "remote 10.0.0.1 { testudo { ike_version 3; } }",
		  "1:41: error: '3' is no version of IKE; expected 1 or 2\n", .why = "and nothing else is wrong with it" },
		{ R("testudo { mobike on; }"), "2:18: note: MOBIKE is not there yet; the wish is kept\n",
		  "mobike on;", .why = "its place is there" },
	};

	(void)state;
	ROWS(rows);
}

/* ---- classes A, N, I ---- */

static void test_ignored(void **state)
{
	static const struct row rows[] = {
		{ "padding { maximum_length 20; randomize off; restrict_check off; }",
		  "1:1: note: 'padding' is ignored: we pad as little as we can and take what peers send\n",
		  .why = "a block, KAME's words too" },
		{ R("doi ipsec_doi; situation identity_only; keepalive;"),
		  "2:1: note: 'doi' is ignored: there is only ipsec_doi\n"
		  "2:16: note: 'situation' is ignored: there is only this one\n"
		  "2:41: note: 'keepalive' is ignored: it never did anything\n", .why = "what is fixed" },
		{ "timer { persend 1; }", NULL, .why = "nothing to say" },
		{ "timer { persend 3; }", "1:9: note: 'persend' is ignored: each message is sent once at a time\n",
		  .why = "more than one" },
		{ "privsep { chroot \"/x\"; }",
		  "1:11: note: 'chroot' is ignored: the processes that need no files can not open any\n", .why = "chroot" },
		{ R("lifetime byte 10 MB;"),
		  "2:1: note: 'lifetime byte' is ignored here: an IKE SA carries no traffic\n", .why = "phase 1 in bytes" },
		{ S("my_identifier address; " ALGS),
		  "2:1: note: 'my_identifier' is ignored: phase 2 has the selectors of the policy\n", .why = "sainfo's" },
		{ "path backupsa \"/x\";",
		  "1:6: warning: 'backupsa' is ignored: it would write the keys of all SAs to a disk | take the line away\n",
		  .why = "class N, but a seed has it" },
		{ R("weak_phase1_check off; mode_cfg off; support_proxy off;"), NULL, .why = "off is what we do anyway" },
		{ R("support_mip6 on; esp_frag 552;"),
		  "2:1: note: 'support_mip6' is without effect: SAs end where the policy says, not where phase 2 does\n"
		  "2:18: note: 'esp_frag' is without effect: packets are cut in front of the tunnel in any case, to what the path takes | for smaller pieces, 'ip route' with 'mtu' for the way to the peer\n",
		  .why = "read, and without effect" },
		{ R("esp_frag x; support_proxy 1;"),
		  "2:10: error: expected a number of bytes, not 'x'\n"
		  "2:27: error: '1' is no switch; expected on or off\n", .why = "read nevertheless" },
		{ "timer { auto_exit_delay 3 sec; }",
		  "1:9: note: 'auto_exit_delay' is ignored: the daemon ends when it is told to (this is of Mac OS X)\n", .why = "Mac OS X's" },
	};

	(void)state;
	ROWS(rows);
}

static void test_refused(void **state)
{
	static const struct row rows[] = {
		{ "mode_cfg { network4 10.0.0.1; dns4 10.0.0.1, 10.0.0.2; auth_source radius; }",
		  "1:1: error: 'mode_cfg' is not supported: handing out addresses is not there yet; instead: give the clients addresses of their own and 'generate_policy'\n",
		  .why = "one error for a block, not one for each line" },
		{ "radiuscfg { auth \"h\" \"s\"; }\nldapcfg { host \"h\"; }\nldap_cfg { x; }",
		  "1:1: error: 'radiuscfg' is not supported: XAUTH is not there yet; instead: certificates, a remote with 'rsasig'\n"
		  "2:1: error: 'ldapcfg' is not supported: XAUTH is not there yet; instead: certificates, a remote with 'rsasig'\n"
		  "3:1: error: 'ldap_cfg' is not supported: XAUTH is not there yet; instead: certificates, a remote with 'rsasig'\n",
		  .why = "also the name in racoon's own template, which racoon can not read" },
		{ "listen { admin [7002]; }",
		  "1:10: error: 'admin' is not supported: everybody on the host could command the daemon over TCP; instead: 'adminsock \"PATH\" \"OWNER\" \"GROUP\" 0660;'\n",
		  .why = "KAME's port" },
		{ "static_sa x;\nidentifier fqdn \"a\";",
		  "1:1: error: 'static_sa' is not supported: this is KAME's dialect of before 2001; instead: 'add' and 'spdadd' in a file for setkey\n"
		  "2:1: error: 'identifier' is not supported: this is KAME's dialect of before 2001; instead: 'my_identifier' in remote\n",
		  .why = "an old dialect" },
		{ R("exchange_mode base;"),
		  "2:15: error: 'base' is not supported: this mode is in no RFC; instead: main\n", .why = "base mode" },
		{ R("weak_phase1_check on;"),
		  "2:19: error: 'weak_phase1_check on' is not supported: everybody could end the SAs by a forged message; instead: dpd_delay\n",
		  .why = "a remote kill switch" },
		{ R("mode_cfg on; xauth_login \"u\";"),
		  "2:10: error: 'mode_cfg on' is not supported: asking for an address is not there yet; instead: an address of its own\n"
		  "2:14: error: 'xauth_login' is not supported: XAUTH is not there yet; instead: certificates\n", .why = "client side" },
		{ R("shared_secret keychain \"x\"; shared_secret keychain_by_id; dpd_algorithm x; disconnect_on_idle idle_timeout 3;"),
		  "2:15: error: 'keychain' is not supported: the keychain is of Mac OS X; instead: a line in psk.txt\n"
		  "2:29: warning: 'shared_secret' is said again: this one counts, and that of line 2 does not | take one of them away\n"
		  "2:43: error: 'keychain_by_id' is not supported: the keychain is of Mac OS X; instead: a line in psk.txt\n"
		  "2:59: error: 'dpd_algorithm' is not supported: it is of Mac OS X; instead: 'dpd_delay' alone\n"
		  "2:76: error: 'disconnect_on_idle' is not supported: it is of Mac OS X; instead: 'lifetime' and 'rekey off'\n",
		  .why = "Mac OS X" },
		{ "remote 10.0.0.1 { identifier fqdn; proposal { strength high; encryption_algorithm aes; hash_algorithm sha256; dh_group 14; authentication_method pre_shared_key; } }",
		  "1:19: error: 'identifier' is not supported: this is KAME's dialect of before 2001; instead: 'my_identifier'\n"
		  "1:47: error: 'strength' is not supported: this is KAME's dialect of before 2001; instead: algorithms by their names\n",
		  .why = "the old dialect in a remote" },
		{ R("shared_secret key \"x\"; certificate_type x509 in_keychain; peers_certfile dnssec; situation secrecy;"),
		  "2:46: error: 'in_keychain' is not supported: the keychain is of Mac OS X; instead: x509 \"CERTIFICATE\" \"KEY\"\n"
		  "2:74: error: 'dnssec' is not supported: CERT records are out of use; instead: x509 \"CERTIFICATE\"\n"
		  "2:92: error: situation 'secrecy' is not supported: labels of RFC 2407 4.6.1 are out of use; instead: identity_only\n",
		  .why = "Mac OS X and others" },
		{ S("encryption_algorithm des, blowfish 448, aes 256; authentication_algorithm kpdk; compression_algorithm lzs; pfs_group ec2n155;"),
		  "2:22: error: 'des' is not supported: a key of 56 bits is found within hours; use aes 256\n"
		  "2:27: error: 'blowfish' is not supported: its blocks of 64 bits leak after some gigabytes (Sweet32); use aes 256\n"
		  "2:75: error: 'kpdk' is not supported: no kernel here has it; use hmac_sha256\n"
		  "2:103: error: 'lzs' is not supported: the kernel does not have it; use deflate\n"
		  "2:118: error: 'ec2n155' is not supported: no library has it any more; use modp2048 or ecp256\n",
		  .why = "algorithms that are gone; the list is read on" },
		{ "remote 10.0.0.1 { proposal { encryption_algorithm aes; hash_algorithm tiger; dh_group 14; authentication_method xauth_psk_server; } }",
		  "1:71: error: 'tiger' is not supported: no library has it; use sha256\n"
		  "1:113: error: 'xauth_psk_server' is not supported: XAUTH is not there yet; instead: pre_shared_key\n",
		  .why = "phase 1" },
		{ "sainfo anonymous group \"g\" {" ALGS "}",
		  "1:18: error: 'group' is not supported: XAUTH is not there yet; instead: from TYPE \"VALUE\"\n", .why = "a group" },
		{ "gss_id_enc latin1;", "1:1: error: 'gss_id_enc' is not supported: Kerberos authentication is of Windows 2000; instead: rsasig\n",
		  .why = "Kerberos" },
	};

	(void)state;
	ROWS(rows);
}

static void test_insecure(void **state)
{
	static const struct row rows[] = {
		{ S("encryption_algorithm 3des; authentication_algorithm hmac_md5; pfs_group 1;"),
		  "2:22: error: '3des' is insecure and refused: its blocks of 64 bits leak after some gigabytes (Sweet32); use aes 256 | write 'encryption_algorithm aes 256;'" INSECURE "\n"
		  "2:53: error: 'hmac_md5' is insecure and refused: MD5 is broken; use hmac_sha256 | write 'authentication_algorithm hmac_sha256;'" INSECURE "\n"
		  "2:73: error: '1' (modp768) is insecure and refused: it was broken in public; use modp2048 (14) or ecp256 (19) | write 'pfs_group modp2048;'" INSECURE "\n",
		  .why = "I!: refused with the line to write" },
		{ S("encryption_algorithm 3des; authentication_algorithm hmac_md5; pfs_group 1;"),
		  "2:22: warning: '3des' is insecure: its blocks of 64 bits leak after some gigabytes (Sweet32); use aes 256\n"
		  "2:53: warning: 'hmac_md5' is insecure: MD5 is broken; use hmac_sha256\n"
		  "2:73: warning: '1' (modp768) is insecure: it was broken in public; use modp2048 (14) or ecp256 (19)\n",
		  "pfs_group modp768;|insecure ok;", true, .why = "--allow-insecure" },
		{ S("pfs_group 2; testudo { insecure ok; }"),
		  "2:11: warning: '2' (modp1024) is insecure: who can pay for it can break it (Logjam); use modp2048 (14) or ecp256 (19)\n",
		  "pfs_group modp1024;", .why = "the consent may stand behind" },
		{ S("pfs_group 5; encryption_algorithm null_enc; authentication_algorithm hmac_sha1;"),
		  "2:11: warning: '5' (modp1536) is insecure: it is too short for today; use modp2048 (14) or ecp256 (19)\n"
		  "2:35: warning: 'null_enc' is insecure: it encrypts nothing; use aes 256\n",
		  "encryption_algorithm null_enc;", .why = "I: a warning" },
		{ S("encryption_algorithm aes; authentication_algorithm non_auth;"),
		  "1:1: error: 'non_auth' is insecure and refused: packets can be forged and, from that, read; use hmac_sha256 | write 'authentication_algorithm hmac_sha256;'" INSECURE "\n",
		  .why = "no authentication at all" },
		{ R("exchange_mode main,aggressive;"),
		  "2:20: error: aggressive mode with a pre-shared key is insecure and refused: who listens can search for the key | write 'exchange_mode main;'" INSECURE "\n",
		  .why = "even if it is only accepted" },
		{ "remote 10.0.0.1 {\nverify_cert off; certificate_type x509 \"c\" \"k\"; peers_identifier fqdn \"a\"; verify_identifier on; proposal { encryption_algorithm aes; hash_algorithm sha256; dh_group 14; authentication_method rsasig; } }",
		  "2:13: error: 'verify_cert off' is insecure and refused: any certificate of the CA will do | write 'verify_cert on;'" INSECURE "\n",
		  .why = "verify_cert" },
		{ R("verify_cert off;"), NULL, .why = "which means nothing for a pre-shared key" },
		{ "remote 10.0.0.1 { certificate_type plain_rsa \"k\"; peers_certfile plain_rsa \"p\"; peers_identifier fqdn \"a\"; verify_identifier on; proposal { encryption_algorithm aes; hash_algorithm sha256; dh_group 14; authentication_method rsasig; } }",
		  NULL, "verify_cert off;|send_cert off;|send_cr off;", .why = "nor for plain keys, which turn it off" },
		{ R("proposal_check obey;"),
		  "2:16: warning: 'obey' is insecure: the peer may choose shorter keys and no PFS | write 'proposal_check claim;'\n",
		  .why = "obey" },
		{ "remote anonymous { generate_policy on; peers_identifier fqdn \"a\"; verify_identifier on; " P "}" S(ALGS),
		  "1:1: warning: generate_policy for everybody is insecure: with the sainfo at racoon.conf:1 peers choose what traffic of yours they get | limit it by 'sainfo ... clientaddr' instead of the anonymous sainfo\n",
		  .why = "policies by strangers" },
		{ "remote anonymous { generate_policy on; peers_identifier fqdn \"a\"; verify_identifier on; " P "}\nsainfo anonymous clientaddr {" ALGS "}",
		  NULL, .why = "limited to their own address" },
		{ "remote 10.0.0.1 { certificate_type x509 \"c\" \"k\"; proposal { encryption_algorithm aes; hash_algorithm sha256; dh_group 14; authentication_method rsasig; } }",
		  "1:1: warning: the identity of the peer is not checked: every certificate of the CA will do | add 'peers_identifier TYPE \"VALUE\"; verify_identifier on;'\n",
		  .why = "racoon's default" },
		{ "remote \"t\" {" P "}",
		  "1:1: warning: remote 't' has no address: as in racoon, it stands for every peer without a block of its own | add 'remote_address ADDRESS;'\n"
		  "1:1: warning: the identity of the peer is not checked: every key of psk.txt will do | add 'peers_identifier TYPE \"VALUE\"; verify_identifier on;'\n",
		  .why = "a template is a trap" },
	};

	(void)state;
	ROWS(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remote_values),
		cmocka_unit_test(test_identities),
		cmocka_unit_test(test_sainfo_values),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_ignored),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_insecure),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
