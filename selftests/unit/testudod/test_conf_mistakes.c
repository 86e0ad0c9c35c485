// SPDX-License-Identifier: GPL-2.0
/*
 * racoon.conf with mistakes in it: what does not parse, what is misspelt, what does
 * not go together. Each is told with its place and, where there is one, with what
 * was probably meant.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf_rows.h"

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
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_typos),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_global),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
