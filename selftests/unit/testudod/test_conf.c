// SPDX-License-Identifier: GPL-2.0
/*
 * racoon.conf: what texts say, and what is said about them. Tables: a text, the
 * messages with their places, and what the configuration then prints.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf_text.h"

/* a proposal that IKEv1 takes without a word, and the rest of a remote around a statement */
#define P	  "proposal { encryption_algorithm aes 256; hash_algorithm sha256; dh_group 14; authentication_method pre_shared_key; }"
#define R(text)	  "remote 10.0.0.1 {\n" text "\n" P "\n}\n"
#define S(text)	  "sainfo anonymous {\n" text "\n}\n"
#define ALGS	  "encryption_algorithm aes 256; authentication_algorithm hmac_sha256;"
#define INSECURE  ", or accept the risk with 'testudo { insecure ok; }' in this block or --allow-insecure"
#define V2	  "testudo { ike_version 2; }"

/**
 * struct row - one text
 * @text: racoon.conf
 * @said: messages; NULL: none
 * @prints: lines that the printed configuration has, separated by '|'; NULL: not looked at
 * @insecure: --allow-insecure
 * @why: why the row is there
 */
struct row {
	const char *text;
	const char *said;
	const char *prints;
	bool insecure;
	const char *why;
};

static void check_prints(const struct row *row, const struct conf *conf)
{
	char *printed = conf_text_print(conf);
	char *want = strdup(row->prints);
	char *p, *rest;

	for (p = strtok_r(want, "|", &rest); p; p = strtok_r(NULL, "|", &rest))
		if (!strstr(printed, p))
			fail_msg("%s: '%s' is not in\n%s", row->why, p, printed);
	free(want);
	free(printed);
}

/* the text at a place that a message of the row names; NULL if there is none */
static const char *at_place(const char *text, unsigned int line, unsigned int column)
{
	for (; line > 1; line--) {
		text = strchr(text, '\n');
		if (!text)
			return NULL;
		text++;
	}
	return strcspn(text, "\n") + 1 >= column ? text + column - 1 : NULL;
}

/*
 * "3:5: error: 'bug' is ...": there stands that word. The columns of the tables
 * are checked like this too, so nobody has to believe what he copied.
 */
static void check_places(const struct row *row, const char *said)
{
	unsigned int line, column;
	char word[64], verb[8];
	const char *p, *at;

	for (p = said; p && *p; p = strchr(p, '\n') + 1) {
		if (sscanf(p, "%u:%u: %*[a-z]: '%63[^'\n ]' %7[a-z]", &line, &column, word, verb) != 4 &&
		    sscanf(p, "%u:%u: %*[a-z]: unknown statement '%63[^'\n ]' %7[a-z]", &line, &column,
			   word, verb) != 4)
			continue;
		if (strcmp(verb, "is") && strcmp(verb, "in") && strcmp(verb, "inside") &&
		    strcmp(verb, "does"))
			continue;
		at = at_place(row->text, line, column);
		if (at && *at == '"')
			at++;
		if (!at || (strncmp(at, word, strlen(word)) && !strstr(p, "'non_auth'")))
			fail_msg("%s: '%s' does not stand at %u:%u", row->why, word, line, column);
	}
}

static void check_row(const struct row *row)
{
	const char *said = row->said ? row->said : "";
	struct conf_text t;

	conf_text_init(&t);
	conf_text_load(&t, row->text, row->insecure);
	if (strcmp(t.said, said))
		fail_msg("%s:\nexpected\n%sgot\n%s", row->why, said, t.said);
	check_places(row, said);
	if (!t.conf != !!strstr(said, ": error: "))
		fail_msg("%s: refused, or not, without a reason", row->why);
	if (t.conf && row->prints)
		check_prints(row, t.conf);
	conf_text_free(&t);
}

#define ROWS(rows)                                                            \
	do {                                                                  \
		for (size_t i = 0; i < sizeof(rows) / sizeof((rows)[0]); i++) \
			check_row(&(rows)[i]);                                \
	} while (0)

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

/* ---- mistakes ---- */

static void test_syntax(void **state)
{
	static const struct row rows[] = {
		{ "", NULL, .why = "an empty file is no mistake" },
		{ "# a comment only", NULL, .why = "a comment without a line's end" },
		{ ";;\nlog info;;", NULL, .why = "empty statements" },
		{ "log\n\tinfo ;", NULL, .why = "lines do not matter" },
		{ "log info", "1:9: error: expected ';' after 'info'\n", .why = "at the end of the file" },
		{ "log info\npfkey_buffer 5;\nlog bug;",
		  "1:9: error: expected ';' after 'info'\n"
		  "3:1: warning: 'log' is said again: this one counts, and that of line 1 does not | take one of them away\n"
		  "3:5: error: 'bug' is no log level; expected error, warning, notify, info, debug or debug2 | did you mean 'debug'?\n",
		  .why = "at the end of a line; the next ones are read" },
		{ R("passive on\nnonce_size 99999;"),
		  "2:11: error: expected ';' after 'on'\n3:12: error: a number of bytes is out of range; expected 8 to 256\n",
		  .why = "in a block" },
		{ "remote 10.0.0.1 { proposal { encryption_algorithm aes; hash_algorithm sha256; dh_group 14; authentication_method pre_shared_key } }",
		  "1:128: error: expected ';' after 'pre_shared_key'\n", .why = "in front of '}'" },
		{ "remote 10.0.0.1 {\n" P "\nsainfo anonymous {\n" ALGS "\n}\nlog infos;",
		  "3:1: error: 'sainfo' inside of remote: the '}' in front of it is missing\n"
		  "6:5: error: 'infos' is no log level; expected error, warning, notify, info, debug or debug2 | did you mean 'info'?\n",
		  .why = "a missing '}' is found where it should be" },
		{ "remote 10.0.0.1 {\n" P, "1:1: error: the block of 'remote' has no '}'\n", .why = "or where it began" },
		{ "}\nlog info;", "1:1: error: there is no block that this '}' could close | is there one too many in the block above?\n",
		  .why = "one too many" },
		{ "sainfo anonymous\n\tpfs_group 14;\n\tlifetime time 1 hours;\n\tlifetime time 1 day;\n}",
		  "1:17: error: expected '{' after 'anonymous'\n"
		  "4:18: error: 'day' is no unit of a time; expected sec, min or hour\n"
		  "5:1: error: there is no block that this '}' could close | is there one too many in the block above?\n",
		  .why = "a missing '{': its statements are read as if it were there" },
		{ "remote 10.0.0.1\n\tpassive no;\n\tproposal\n\t\tencryption_algorithm aes 256;\n\t\thash_algorithm sha256;\n\t\tdh_group 14;\n"
		  "\t\tauthentication_method psk;\nsainfo anonymous\n\tpfs_group 15;\nlog bug;",
		  "1:16: error: expected '{' after '10.0.0.1' | and '}' behind its last statement\n"
		  "2:10: error: 'no' is no switch; expected on or off | did you mean 'off'?\n"
		  "3:10: error: expected '{' after 'proposal' | and '}' behind its last statement\n"
		  "7:25: error: 'psk' is no authentication method; expected pre_shared_key, rsasig, ecdsasig or sig | did you mean 'pre_shared_key'?\n"
		  "8:17: error: expected '{' after 'anonymous' | and '}' behind its last statement\n"
		  "10:5: error: 'bug' is no log level; expected error, warning, notify, info, debug or debug2 | did you mean 'debug'?\n",
		  .why = "no braces at all, as in a text that was clipped from a page" },
		{ "remote 10.0.0.1;\nlog bug;", "1:1: error: remote '10.0.0.1' has no proposal, which IKEv1 needs | add 'proposal { encryption_algorithm aes 256; hash_algorithm sha256; dh_group 14; authentication_method pre_shared_key; }'\n"
		  "1:16: error: expected '{' after '10.0.0.1' | and '}' behind its last statement\n"
		  "2:5: error: 'bug' is no log level; expected error, warning, notify, info, debug or debug2 | did you mean 'debug'?\n",
		  .why = "nothing in it" },
		{ R("listen { isakmp 10.0.0.256; }"),
		  "2:1: error: 'listen' does not belong in remote but in the file\n"
		  "2:17: error: '10.0.0.256' is no IPv4 or IPv6 address\n", .why = "all '}' are there: it is only in the wrong place" },
		{ "path pre_shared_key = \"/x\";\nlog = bug;",
		  "1:21: error: no '=' stands between a word and its value | take it away\n"
		  "2:5: error: no '=' stands between a word and its value | take it away\n"
		  "2:7: error: 'bug' is no log level; expected error, warning, notify, info, debug or debug2 | did you mean 'debug'?\n",
		  .why = "other files' syntax" },
		{ "{ a; }\nlog info;", "1:1: error: there is no name in front of this '{' | a block begins with its name: remote, sainfo, listen, timer, ...\n",
		  .why = "a block without a name" },
		{ "path certificate \"/x;\nlog info;",
		  "1:18: error: the string has no closing quote on its line\n", .why = "a quote" },
		{ "log \x01\x02 info;", "1:5: error: unexpected byte 0x01\n", .why = "a byte that is no text" },
		{ "// x\nlog info;", "1:1: error: a statement can not begin with '/' | comments begin with '#'\n",
		  .why = "another language's comment" },
		{ "log info { }", "1:9: error: expected ';' after 'info', not a block\n", .why = "a block too many" },
		{ "log info debug;", "1:10: error: expected ';' after 'info', not 'debug'\n", .why = "a word too many" },
		{ "log;", "1:4: error: expected error, warning, notify, info, debug or debug2 after 'log'\n", .why = "a word too few" },
		{ "log \"info\";", "1:5: error: 'info' is no log level; expected error, warning, notify, info, debug or debug2 | no quotes here\n",
		  .why = "quotes too many" },
	};

	(void)state;
	ROWS(rows);
}

static void test_typos(void **state)
{
	static const struct row rows[] = {
		{ "remote 10.0.0.1 {\n\tproposal {\n\t\tencryption_algorithm aes 256;\n\t\thash_algorithm sha256;\n\t\tauthentication_method pre_shared_key;\n\t\tdh_grup 14;\n\t}\n}\n",
		  "6:3: error: unknown statement 'dh_grup' in proposal | did you mean 'dh_group'?\n",
		  .why = "racoon says: \"d\" syntax error; the group is there all the same" },
		{ "remot 10.0.0.1 {\n exchnge_mode mian;\n lifetme time 8 days;\n " P "\n}",
		  "1:1: error: unknown statement 'remot' in the file | did you mean 'remote'?\n"
		  "2:2: error: unknown statement 'exchnge_mode' in remote | did you mean 'exchange_mode'?\n"
		  "2:15: error: 'mian' is no exchange mode; expected main or aggressive | did you mean 'main'?\n"
		  "3:2: error: unknown statement 'lifetme' in remote | did you mean 'lifetime'?\n"
		  "3:17: error: 'days' is no unit of a time; expected sec, min or hour\n",
		  .why = "what was meant is read: a slip hides no other one" },
		{ "remote 10.0.0.0/24 {" P "}",
		  "1:16: error: a peer is one host, not a network | write 'remote anonymous' for all without a block of their own\n",
		  .why = "as if it were a sainfo" },
		{ "sainfo anonymous anonymous bug {" ALGS "}",
		  "1:28: error: expected '{' after 'anonymous', not 'bug'\n", .why = "a head is followed by a block" },
		{ R("gss_id \"x\";"), "2:1: error: 'gss_id' is not supported: Kerberos authentication is of Windows 2000; instead: rsasig\n",
		  .why = "nobody is sent to where it is refused" },
		{ R("radiuscfg { }"), "2:1: error: 'radiuscfg' is not supported: XAUTH is not there yet; instead: certificates, a remote with 'rsasig'\n",
		  .why = "nor told it twice" },
		{ R("peers_identifier \"main\"; exchange_mode \"main\";"),
		  "2:18: error: 'main' is no type of identity; expected address, fqdn, user_fqdn, keyid or asn1dn\n"
		  "2:40: error: 'main' is no exchange mode; expected main or aggressive | no quotes here\n",
		  .why = "the quotes are not always what is wrong" },
		{ R("script phase1_up \"up.sh\";"),
		  "2:8: error: the script stands in front of the event | as in 'script \"/etc/racoon/up.sh\" phase1_up;'\n",
		  .why = "the other way round" },
		{ R("lifetime time 1 hour;\npassive on;\nlifetime time 2 hours;\nlifetime byte 1 MB;\npassive off;"),
		  "5:1: note: 'lifetime byte' is ignored here: an IKE SA carries no traffic\n"
		  "6:1: warning: 'passive' is said again: this one counts, and that of line 3 does not | take one of them away\n",
		  "passive off;|lifetime time 7200 sec;", .why = "twice" },
		{ "path certificate \"/a\";\npath script \"/s\";\npath certificate \"/a\";\npath certificate \"/b\";",
		  "4:6: warning: 'path certificate' is said again: this one counts, and not \"/a\" | take one of them away\n",
		  .why = "of each kind one" },
		{ R("passive on;\npassive on;\npassive off;"),
		  "3:1: warning: 'passive' is said again: this one counts, and that of line 2 does not | take one of them away\n",
		  "passive off;", .why = "three times, and one message" },
		{ "\xef\xbb\xbflog bug;",
		  "1:1: error: the file begins with a byte order mark | save it as plain UTF-8\n"
		  "1:8: error: 'bug' is no log level; expected error, warning, notify, info, debug or debug2 | did you mean 'debug'?\n",
		  .why = "from Windows" },
		{ "path script '/s';\npath pidfile \xe2\x80\x9c/p\xe2\x80\x9d;",
		  "1:13: error: expected a name in quotes | the quotes are to be \"\n"
		  "2:14: error: expected a name in quotes | the quotes are to be \"\n", .why = "quotes of other kinds" },
		{ "sainfo subnet 10.0.0.0/24 any subnet 2001:db8::/64 any { }",
		  "1:1: warning: one side is IPv4, the other IPv6: this sainfo is never used\n", .why = "two families" },
		{ "remote \"10.0.0.1\" { peers_identifier address; verify_identifier on; " P " }",
		  "1:1: warning: remote '10.0.0.1' has no address: as in racoon, it stands for every peer without a block of its own | without its quotes it is an address\n",
		  .why = "a name that looks like one" },
		{ S("encryption_algorithm aes256gcm16, AES_CTR; authentication_algorithm hmac_sha256;"),
		  "2:22: error: 'aes256gcm16' is no cipher | did you mean 'aes_gcm 256'?\n"
		  "2:35: error: 'AES_CTR' is no cipher | did you mean 'aes_ctr'?\n", .why = "as others call it" },
		{ S("pfs_group 77; encryption_algorithm nonsense; authentication_algorithm hmac_sha256;"),
		  "2:11: error: '77' is no group | such as 'modp2048'; testudod.conf(5) has all of them\n"
		  "2:36: error: 'nonsense' is no cipher | such as 'aes 256'; testudod.conf(5) has all of them\n",
		  .why = "nothing is near" },
		{ "remote 10.0.0.1 { proposal { encryption_algorithm aes256; hash_algorithm hmac_sha256; dh_group modp2047; authentication_method psk; } }",
		  "1:51: warning: 'aes256' is read as 'aes 256' | write 'aes 256'\n"
		  "1:74: error: 'hmac_sha256' is no hash | did you mean 'sha256'?\n"
		  "1:96: error: 'modp2047' is no group | did you mean 'modp2048'?\n"
		  "1:128: error: 'psk' is no authentication method; expected pre_shared_key, rsasig, ecdsasig or sig | did you mean 'pre_shared_key'?\n",
		  .why = "values" },
		{ R("nat_traversal yes; dpd_delay 20 sec; lifetime 8 hours;"),
		  "2:15: error: 'yes' is no value; expected on, off or force | did you mean 'on'?\n"
		  "2:33: error: expected ';' after '20', not 'sec' | it is in seconds, and has no unit\n"
		  "2:47: error: expected 'time' or 'byte' after 'lifetime' | write 'lifetime time 8 hours;'\n", .why = "what other programs write" },
		{ "remote 10.0.0.1 { proposal { encryption_algorithm AES_CBC_256; hash_algorithm SHA-256; dh_group group14; authentication_method rsa; } }",
		  "1:51: error: 'AES_CBC_256' is no cipher | did you mean 'aes 256'?\n"
		  "1:79: error: 'SHA-256' is no hash | did you mean 'sha256'?\n"
		  "1:97: error: 'group14' is no group | did you mean '14'?\n"
		  "1:128: error: 'rsa' is no authentication method; expected pre_shared_key, rsasig, ecdsasig or sig | did you mean 'rsasig'?\n",
		  .why = "algorithms as others write them" },
		{ S("encryption_algorithm aes_cbc; authentication_algorithm hmac-sha1-96, sha2_256_128, sha384; compression_algorithm none; pfs_group none;"),
		  "2:22: error: 'aes_cbc' is no cipher | did you mean 'aes'?\n"
		  "2:56: error: 'hmac-sha1-96' is no authentication algorithm | did you mean 'hmac_sha1'?\n"
		  "2:70: error: 'sha2_256_128' is no authentication algorithm | did you mean 'hmac_sha256'?\n"
		  "2:84: error: 'sha384' is no authentication algorithm | did you mean 'hmac_sha384'?\n"
		  "2:114: error: 'none' is no compression algorithm | it may be 'deflate' in any case: whether to compress, the policy says\n"
		  "2:130: error: 'none' is no group | without PFS there is no such line: take it away\n", .why = "the same of phase 2" },
		{ "remote 10.0.0.1 { proposal { encryption_algorithm aes 256, 3des; hash_algorithm sha256; dh_group 14; authentication_method pre_shared_key; } }",
		  "1:58: error: expected ';' after '256', not ',' | one for each proposal: write another 'proposal { ... }' behind it\n",
		  .why = "a list where there is none" },
		{ S("dh_group 14; " ALGS),
		  "2:1: error: 'dh_group' does not belong in sainfo but in remote | in sainfo it is 'pfs_group'\n", .why = "phase 1's word" },
		{ "remote 10.0.0.1 500 {" P "}", "1:17: error: a port stands in brackets | write '[500]'\n", .why = "a port without them" },
		{ "sainfo 10.0.0.0/24 any 10.1.0.0/24 any {" ALGS "}",
		  "1:8: error: '10.0.0.0' is no type of selector | write 'address' or 'subnet' in front of it\n", .why = "no type" },
		{ "sainfo anonymus {" ALGS "}",
		  "1:8: error: 'anonymus' is no type of selector; expected anonymous, clientaddr, address, subnet, fqdn, user_fqdn or keyid | did you mean 'anonymous'?\n",
		  .why = "a typo in a head" },
		{ "sainfo subnet 10.0.0.0/255.255.255.0 any anonymous {" ALGS "}",
		  "1:24: error: expected a prefix length, not '255.255.255.0' | write '24'\n", .why = "a mask" },
		{ "sainfo subnet 10.0.0.0/255.0.255.0 any anonymous {" ALGS "}",
		  "1:24: error: expected a prefix length, not '255.0.255.0'\n", .why = "which is none" },
		{ "remote 10.0.0.1 { certificate_type x509 c k; peers_identifier fqdn \"a\"; verify_identifier on; proposal { encryption_algorithm aes; hash_algorithm sha256; dh_group 14; authentication_method rsasig; } }",
		  "1:41: error: expected the certificate's file in quotes | put double quotes around it\n", .why = "and not that there is no certificate" },
		{ S("encryption_algorithm aes 255; authentication_algorithm hmac_sha256_128;"),
		  "2:26: error: 'aes' has no key of 255 bits; expected one of 256, 192, 128\n"
		  "2:56: error: 'hmac_sha256_128' is no authentication algorithm | did you mean 'hmac_sha256'?\n",
		  .why = "of the field" },
		{ S("encryption_algorithm aes 256 3des;"), "2:30: error: expected ',' or ';' after '256', not '3des'\n",
		  .why = "a comma" },
		{ S("encryption_algorithm chacha20poly1305 256;"),
		  "2:39: error: 'chacha20poly1305' takes no key length | take the number away\n", .why = "a fixed length" },
		{ S("encryption_algorithm aes;"),
		  "1:1: error: the sainfo has no authentication_algorithm | add 'authentication_algorithm hmac_sha256;'\n",
		  .why = "half of it" },
		{ "remote anonymos { " P " }", "1:8: error: 'anonymos' is no address, and no name of a host | did you mean 'anonymous'?\n",
		  .why = "not a host" },
		{ "remote 10.0.0.1 { }", "1:1: error: remote '10.0.0.1' has no proposal, which IKEv1 needs | add 'proposal { encryption_algorithm aes 256; hash_algorithm sha256; dh_group 14; authentication_method pre_shared_key; }'\n",
		  .why = "nothing in it" },
		{ R("lifetime time 8;"), "2:16: error: expected sec, min or hour after '8'\n", .why = "no unit" },
		{ R("lifetime time 8 days;"), "2:17: error: 'days' is no unit of a time; expected sec, min or hour\n", .why = "a unit that is none" },
		{ R("lifetime time 0 sec;"), "2:15: error: a time is too small\n", .why = "no time" },
		{ R("lifetime time 99999999999999999999 sec;"),
		  "2:15: error: expected a time, not '99999999999999999999'\n", .why = "a number of 65 bits" },
		{ R("lifetime time 4294967296 hour;"), "2:15: error: a time is too large\n", .why = "overflow" },
		{ S("lifetime byte 3 B;"), "2:15: error: the amount is counted in KB; expected at least one\n", .why = "less than the unit" },
		{ R("nonce_size 0x10;"), NULL, "nonce_size 16;", .why = "hexadecimal" },
		{ "sainfo address 10.0.0.1 address 10.0.0.2 any {" ALGS "}",
		  "1:24: error: expected a protocol after '10.0.0.1' | write 'any' for all of them\n", .why = "a protocol" },
		{ "sainfo address 10.0.0.1 any {" ALGS "}",
		  "1:28: error: expected the selector of the other side after 'any' | write 'anonymous' for every other side\n",
		  .why = "one side only" },
		{ "sainfo subnet 10.0.0.0/33 any anonymous {" ALGS "}",
		  "1:24: error: a prefix length is out of range; expected 0 to 32\n", .why = "a prefix" },
		{ "sainfo address 10.0.0.1[80] icmp anonymous {" ALGS "}",
		  "1:29: error: 'icmp' has no ports | write [any]\n", .why = "ports of ICMP" },
		{ "sainfo address 10.0.0.1 icmp6 anonymous {" ALGS "}",
		  "1:25: error: 'icmp6' is not of the address's family\n", .why = "families" },
		{ "sainfo clientaddr anonymous {" ALGS "}",
		  "1:8: error: 'clientaddr' is the other side's selector, not ours | write it as the second one\n", .why = "the wrong side" },
		{ "listen { isakmp 10.0.0.1 500; }", "1:26: error: a port stands in brackets | write '[500]'\n", .why = "a port has brackets" },
		{ "listen { isakmp 10.0.0.1 [70000]; }", "1:27: error: a port is out of range; expected 0 to 65535\n", .why = "a port" },
		{ "listen { isakmp gw; }", "1:17: error: 'gw' is no IPv4 or IPv6 address\n", .why = "names are not listened on" },
		{ "listen { adminsock \"/x\" \"0\" \"0\" 0999; }", "1:33: error: '0999' is no mode; expected three octal digits\n", .why = "octal" },
		{ "path certificate /etc/certs;", "1:18: error: expected a name in quotes | put double quotes around it\n", .why = "quotes" },
	};

	(void)state;
	ROWS(rows);
}

static void test_pairs(void **state)
{
	static const struct row rows[] = {
		{ R("") R(""), "5:8: error: there is a remote '10.0.0.1' at racoon.conf:1 already\n", .why = "twice" },
		{ S(ALGS) S(ALGS), "4:1: warning: there is a sainfo for the same at racoon.conf:1 already, and this one is never used | take one of them away\n",
		  .why = "twice, and racoon says nothing" },
		{ "sainfo address 10.0.0.1 any anonymous {" ALGS "}\nsainfo address 10.0.0.1 any anonymous {" ALGS "}",
		  "2:1: error: there is a sainfo for the same at racoon.conf:1 already | take one of them away\n", .why = "twice, which is an error for racoon too" },
		{ R("") "remote 10.0.0.2 inherit 10.0.0.1 { proposal { encryption_algorithm aes 128; hash_algorithm sha384; dh_group 15; authentication_method pre_shared_key; } }",
		  NULL, "remote 10.0.0.2 {\n\ttestudo {\n\t\tike_version 1;\n\t\tstart on_traffic;\n\t}\n\texchange_mode main;\n\tmy_identifier address;\n|"
			"\tike_frag on;\n\tproposal {\n\t\tencryption_algorithm aes 128;", .why = "its own proposal replaces the parent's" },
		{ "remote \"p\" { remote_address 10.0.0.1; certificate_type plain_rsa \"k\"; peers_certfile plain_rsa \"p\"; peers_identifier fqdn \"a\"; verify_identifier on; proposal { encryption_algorithm aes; hash_algorithm sha256; dh_group 14; authentication_method rsasig; } }\n"
		  "remote \"c\" inherit \"p\" { remote_address 10.0.0.2; certificate_type x509 \"c\" \"k\"; }\n"
		  "remote \"d\" inherit \"c\" { remote_address 10.0.0.3; certificate_type plain_rsa \"k2\"; }",
		  NULL, "verify_identifier on;\n\tcertificate_type x509 \"c\" \"k\";\n\tpeers_certfile plain_rsa \"p\";\n\tverify_cert on;\n\tsend_cert on;|"
			"verify_identifier on;\n\tcertificate_type plain_rsa \"k2\";\n\tpeers_certfile plain_rsa \"p\";\n\tverify_cert off;\n\tsend_cert off;",
		  .why = "so does its own certificate or key" },
		{ "remote 10.0.0.1 { certificate_type x509 \"c\" \"k\"; peers_certfile x509 \"p\"; proposal { encryption_algorithm aes; hash_algorithm sha256; dh_group 14; authentication_method rsasig; } }",
		  NULL, .why = "one certificate that is known is one peer" },
		{ "remote 10.0.0.1 { certificate_type plain_rsa \"k\"; peers_certfile plain_rsa \"p\"; proposal { encryption_algorithm aes; hash_algorithm sha256; dh_group 14; authentication_method rsasig; } }",
		  "1:1: warning: the identity of the peer is not checked: every key of peers_certfile will do | add 'peers_identifier TYPE \"VALUE\"; verify_identifier on;'\n",
		  .why = "plain keys have no CA" },
		{ R("dpd_delay 7; peers_identifier fqdn \"a\";") "remote 10.0.0.2 inherit 10.0.0.1 { passive on; peers_identifier fqdn \"b\"; }\nremote 10.0.0.3 inherit 10.0.0.2;",
		  NULL, "remote 10.0.0.3 {|passive on;|dpd_delay 7;|peers_identifier fqdn \"b\";\n\tverify", .why = "inheritance, also without a block" },
		{ "remote 10.0.0.2 inherit 10.0.0.1 { }\n" R(""),
		  "1:25: error: there is no remote '10.0.0.1' in front of this one\n", .why = "the parent comes first" },
		{ R("") "remote \"x\" inherit 10.0.0.2;", "5:20: error: there is no remote '10.0.0.2' in front of this one | did you mean '10.0.0.1'?\n",
		  .why = "no such parent" },
		{ "remote 10.0.0.1 { exchange_mode aggressive; certificate_type x509 \"c\" \"k\"; peers_identifier fqdn \"a\"; verify_identifier on;\n"
		  "proposal { encryption_algorithm aes; hash_algorithm sha256; dh_group 14; authentication_method rsasig; }\n"
		  "proposal { encryption_algorithm aes; hash_algorithm sha256; dh_group 15; authentication_method rsasig; } }",
		  "3:1: error: aggressive mode takes one group; here are 'modp2048' and 'modp3072' | its first message has a public value, which can be of one group only\n",
		  .why = "one public value" },
		{ "remote 10.0.0.1 { proposal { encryption_algorithm aes; hash_algorithm sha256; dh_group 14; authentication_method rsasig; } peers_identifier fqdn \"a\"; verify_identifier on; }",
		  "1:1: error: authentication by signature needs a certificate, and none is named | add 'certificate_type x509 \"CERTIFICATE\" \"KEY\";'\n",
		  .why = "nothing to sign with" },
		{ R("") "remote 10.0.0.1 [500] { " P " }", "5:8: error: there is a remote '10.0.0.1' at racoon.conf:1 already\n",
		  .why = "500 is racoon's default" },
		{ R("passive on;") "remote 10.0.0.2 inherit 10.0.0.1 [500];", NULL, "remote 10.0.0.2 {", .why = "also of a parent" },
		{ R("") "remote \"x\" inherit 10.0.0.1;",
		  "5:1: warning: remote 'x' has the address of '10.0.0.1', which is found first\n",
		  "remote \"x\" {\n\tremote_address 10.0.0.1;", .why = "a name alone inherits the address" },
		{ R("") "remote \"x\" inherit 10.0.0.1 { remote_address 10.0.0.2; }", NULL,
		  "remote \"x\" {\n\tremote_address 10.0.0.2;", .why = "or has its own" },
		{ R("") "remote 10.0.0.1 [4500] { " P " }", NULL, "remote 10.0.0.1 [4500] {", .why = "another port" },
		{ "remote \"a\" { remote_address 10.0.0.1; " P "}\nremote \"b\" { remote_address 10.0.0.1; " P "}",
		  "2:1: warning: remote 'b' has the address of 'a', which is found first\n", .why = "two for one peer" },
	};

	(void)state;
	ROWS(rows);
}

static void test_global(void **state)
{
	struct conf_text t;
	const struct conf_listen *l;

	(void)state;
	conf_text_init(&t);
	conf_text_load(&t, "path pre_shared_key \"/p\"; path certificate \"/a\"; path certificate \"/b\";\n"
			   "path pidfile \"/pid\"; log notify; pfkey_buffer 64; complex_bundle off;\n"
			   "listen { isakmp 10.0.0.1; isakmp_natt ::1 [4501]; strict_address; adminsock \"/s\" \"12\" \"34\" 0660; }\n"
			   "timer { counter 3; interval 10 sec; phase1 30 sec; phase2 1 min; natt_keepalive 15 sec; }\n"
			   "privsep { user \"ike\"; group 99; }\n",
		       false);
	assert_string_equal(t.said, "1:55: warning: 'path certificate' is said again: this one counts, and not \"/a\" | take one of them away\n");
	assert_string_equal(t.conf->path_psk, "/p");
	assert_string_equal(t.conf->path_cert, "/b"); /* the last one counts */
	assert_string_equal(t.conf->path_pid, "/pid");
	assert_true(t.conf->log_said && t.conf->log_level == LOG_LEVEL_NOTICE);
	assert_int_equal(t.conf->pfkey_buffer, 64);
	assert_false(t.conf->complex_bundle);
	assert_true(t.conf->strict_address);
	assert_string_equal(t.conf->adminsock, "/s");
	assert_int_equal(t.conf->admin_uid, 12);
	assert_int_equal(t.conf->admin_gid, 34);
	assert_int_equal(t.conf->admin_mode, 0660);
	assert_int_equal(t.conf->retry_counter, 3);
	assert_int_equal(t.conf->retry_interval, 10);
	assert_int_equal(t.conf->phase1_time, 30);
	assert_int_equal(t.conf->phase2_time, 60);
	assert_int_equal(t.conf->natt_keepalive, 15);
	assert_string_equal(t.conf->user, "ike");
	assert_string_equal(t.conf->group, "99");
	l = TAILQ_FIRST(&t.conf->listens);
	assert_false(l->natt);
	assert_int_equal(addr_port(&l->addr), 500);
	assert_int_equal(l->where.line, 3);
	assert_int_equal(l->where.column, 10);
	assert_string_equal(l->where.file, "racoon.conf");
	l = TAILQ_NEXT(l, link);
	assert_true(l->natt);
	assert_int_equal(addr_port(&l->addr), 4501);
	conf_text_free(&t);

	conf_text_init(&t);
	conf_text_load(&t, "listen { adminsock disabled; }", false);
	assert_true(t.conf->adminsock_off);
	conf_text_free(&t);
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
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_typos),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_global),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
