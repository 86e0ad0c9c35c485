/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Which PF_KEY messages and extensions exist, how short each may be and which
 * message needs which: tables only, no code and no storage. The kernel's
 * parser, libpfkey's parser and the documentation are made from these rows, so
 * the three cannot disagree.
 *
 * Use: define a macro with the row's columns, hand it to a table, undefine it.
 *
 *	#define ROW(id, name, type, min, rule) [PFKEY_SLOT(id)] = { name, min, rule },
 *	static const struct my_ext exts[PFKEY_SLOTS] = { PFKEY_EXT_TABLE(ROW) };
 *	#undef ROW
 */
#ifndef _UAPI_LINUX_PFKEY_EXT_H
#define _UAPI_LINUX_PFKEY_EXT_H

#include <linux/types.h>
#include <linux/pfkeyv2.h>
#include <linux/testudo_pfkey.h>

/*
 * Extension types are sparse (1..26, then our own), tables of pointers want to
 * be dense: a slot is the type itself for an assigned one and the next free
 * number for ours. Slot 0 belongs to no extension: it is what an unknown type,
 * to be skipped (RFC 2367 2.3), maps to.
 */
#define PFKEY_SLOT_TESTUDO_SA	27
#define PFKEY_SLOTS		28

#define PFKEY_SLOT(type)						\
	((type) == SADB_X_EXT_TESTUDO_SA ? PFKEY_SLOT_TESTUDO_SA :	\
	 (type) >= 1 && (type) <= 26 ? (type) : 0)

/* A set of extensions, as a mask of slots. */
#define PFKEY_BIT(type)		((__u32)1 << PFKEY_SLOT(type))

/*
 * How the length of an extension is checked beyond its minimum. Every rule
 * also holds for the generic one: a length of 0, past the end of the message
 * or below the minimum is an error, and a length above it is not unless the
 * rule says so.
 */
#define PFKEY_LEN_MIN		0	/* at least the minimum, the tail is the user's business */
#define PFKEY_LEN_ADDR		1	/* exactly 3 words (AF_INET) or 5 (AF_INET6), prefix <= 32/128 */
#define PFKEY_LEN_KEY		2	/* at least 8 + ceil(bits / 8) rounded up to 8 */
#define PFKEY_LEN_SEC_CTX	3	/* exactly 8 + ctx_len rounded up to 8 */
#define PFKEY_LEN_ARRAY		4	/* the minimum, then whole elements of 8 bytes */
#define PFKEY_LEN_REQUESTS	5	/* the minimum, then struct sadb_x_ipsecrequest by their own lengths */

/* X(type, name, struct, minimum in bytes, rule) */
#define PFKEY_EXT_TABLE(X)									\
	X(SADB_EXT_SA,			"SA",		sadb_sa,		16,	PFKEY_LEN_MIN)	\
	X(SADB_EXT_LIFETIME_CURRENT,	"LIFETIME_CURRENT", sadb_lifetime,	32,	PFKEY_LEN_MIN)	\
	X(SADB_EXT_LIFETIME_HARD,	"LIFETIME_HARD", sadb_lifetime,		32,	PFKEY_LEN_MIN)	\
	X(SADB_EXT_LIFETIME_SOFT,	"LIFETIME_SOFT", sadb_lifetime,		32,	PFKEY_LEN_MIN)	\
	X(SADB_EXT_ADDRESS_SRC,		"ADDRESS_SRC",	sadb_address,		8,	PFKEY_LEN_ADDR)	\
	X(SADB_EXT_ADDRESS_DST,		"ADDRESS_DST",	sadb_address,		8,	PFKEY_LEN_ADDR)	\
	X(SADB_EXT_ADDRESS_PROXY,	"ADDRESS_PROXY", sadb_address,		8,	PFKEY_LEN_ADDR)	\
	X(SADB_EXT_KEY_AUTH,		"KEY_AUTH",	sadb_key,		8,	PFKEY_LEN_KEY)	\
	X(SADB_EXT_KEY_ENCRYPT,		"KEY_ENCRYPT",	sadb_key,		8,	PFKEY_LEN_KEY)	\
	X(SADB_EXT_IDENTITY_SRC,	"IDENTITY_SRC",	sadb_ident,		16,	PFKEY_LEN_MIN)	\
	X(SADB_EXT_IDENTITY_DST,	"IDENTITY_DST",	sadb_ident,		16,	PFKEY_LEN_MIN)	\
	X(SADB_EXT_SENSITIVITY,		"SENSITIVITY",	sadb_sens,		16,	PFKEY_LEN_MIN)	\
	X(SADB_EXT_PROPOSAL,		"PROPOSAL",	sadb_prop,		8,	PFKEY_LEN_MIN)	\
	X(SADB_EXT_SUPPORTED_AUTH,	"SUPPORTED_AUTH", sadb_supported,	8,	PFKEY_LEN_ARRAY) \
	X(SADB_EXT_SUPPORTED_ENCRYPT,	"SUPPORTED_ENCRYPT", sadb_supported,	8,	PFKEY_LEN_ARRAY) \
	X(SADB_EXT_SPIRANGE,		"SPIRANGE",	sadb_spirange,		16,	PFKEY_LEN_MIN)	\
	X(SADB_X_EXT_KMPRIVATE,		"KMPRIVATE",	sadb_x_kmprivate,	8,	PFKEY_LEN_MIN)	\
	X(SADB_X_EXT_POLICY,		"POLICY",	sadb_x_policy,		16,	PFKEY_LEN_REQUESTS) \
	X(SADB_X_EXT_SA2,		"SA2",		sadb_x_sa2,		16,	PFKEY_LEN_MIN)	\
	X(SADB_X_EXT_NAT_T_TYPE,	"NAT_T_TYPE",	sadb_x_nat_t_type,	8,	PFKEY_LEN_MIN)	\
	X(SADB_X_EXT_NAT_T_SPORT,	"NAT_T_SPORT",	sadb_x_nat_t_port,	8,	PFKEY_LEN_MIN)	\
	X(SADB_X_EXT_NAT_T_DPORT,	"NAT_T_DPORT",	sadb_x_nat_t_port,	8,	PFKEY_LEN_MIN)	\
	X(SADB_X_EXT_NAT_T_OA,		"NAT_T_OA",	sadb_address,		8,	PFKEY_LEN_ADDR)	\
	X(SADB_X_EXT_SEC_CTX,		"SEC_CTX",	sadb_x_sec_ctx,		8,	PFKEY_LEN_SEC_CTX) \
	X(SADB_X_EXT_KMADDRESS,		"KMADDRESS",	sadb_x_kmaddress,	8,	PFKEY_LEN_MIN)	\
	X(SADB_X_EXT_FILTER,		"FILTER",	sadb_x_filter,		40,	PFKEY_LEN_MIN)	\
	X(SADB_X_EXT_TESTUDO_SA,	"TESTUDO_SA",	sadb_x_testudo_sa,	32,	PFKEY_LEN_MIN)

/* Sets that several rows share. */
#define PFKEY_SET_ADDRS		(PFKEY_BIT(SADB_EXT_ADDRESS_SRC) | PFKEY_BIT(SADB_EXT_ADDRESS_DST))
#define PFKEY_SET_SAID		(PFKEY_BIT(SADB_EXT_SA) | PFKEY_SET_ADDRS)
#define PFKEY_SET_POLICY	PFKEY_BIT(SADB_X_EXT_POLICY)
#define PFKEY_SET_LIMITS	(PFKEY_BIT(SADB_EXT_LIFETIME_HARD) | PFKEY_BIT(SADB_EXT_LIFETIME_SOFT))
#define PFKEY_SET_LIFE		(PFKEY_SET_LIMITS | PFKEY_BIT(SADB_EXT_LIFETIME_CURRENT))
#define PFKEY_SET_KEYS		(PFKEY_BIT(SADB_EXT_KEY_AUTH) | PFKEY_BIT(SADB_EXT_KEY_ENCRYPT))
#define PFKEY_SET_NATT		(PFKEY_BIT(SADB_X_EXT_NAT_T_TYPE) | PFKEY_BIT(SADB_X_EXT_NAT_T_SPORT) | \
				 PFKEY_BIT(SADB_X_EXT_NAT_T_DPORT) | PFKEY_BIT(SADB_X_EXT_NAT_T_OA))
#define PFKEY_SET_IDS		(PFKEY_BIT(SADB_EXT_IDENTITY_SRC) | PFKEY_BIT(SADB_EXT_IDENTITY_DST) | \
				 PFKEY_BIT(SADB_EXT_SENSITIVITY))
#define PFKEY_SET_SUPPORTED	(PFKEY_BIT(SADB_EXT_SUPPORTED_AUTH) | PFKEY_BIT(SADB_EXT_SUPPORTED_ENCRYPT))

/* What SADB_ADD and SADB_UPDATE may bring. */
#define PFKEY_SET_NEW_SA	(PFKEY_SET_SAID | PFKEY_SET_LIMITS | PFKEY_SET_KEYS | PFKEY_SET_NATT |	\
				 PFKEY_SET_IDS | PFKEY_BIT(SADB_EXT_ADDRESS_PROXY) |			\
				 PFKEY_BIT(SADB_X_EXT_SA2) | PFKEY_BIT(SADB_X_EXT_SEC_CTX) |		\
				 PFKEY_BIT(SADB_X_EXT_TESTUDO_SA))

/* How the kernel describes an SA; keys only to who asked for them. */
#define PFKEY_SET_SA		(PFKEY_SET_SAID | PFKEY_SET_LIFE | PFKEY_SET_NATT |			\
				 PFKEY_BIT(SADB_EXT_ADDRESS_PROXY) | PFKEY_BIT(SADB_X_EXT_SA2) |	\
				 PFKEY_BIT(SADB_X_EXT_SEC_CTX) | PFKEY_BIT(SADB_X_EXT_TESTUDO_SA))

/* What SADB_X_SPDADD and its kin may bring, and how the kernel describes a policy. */
#define PFKEY_SET_NEW_SP	(PFKEY_SET_ADDRS | PFKEY_SET_POLICY | PFKEY_SET_LIMITS |		\
				 PFKEY_BIT(SADB_X_EXT_SEC_CTX))
#define PFKEY_SET_SP		(PFKEY_SET_ADDRS | PFKEY_SET_POLICY | PFKEY_SET_LIFE |			\
				 PFKEY_BIT(SADB_X_EXT_SEC_CTX))
#define PFKEY_SET_ADDRS_POLICY	(PFKEY_SET_ADDRS | PFKEY_SET_POLICY)

/*
 * X(type, name, request needs, request may have, answer needs, answer may have)
 *
 * "needs": without it the message is an error (EINVAL from the kernel).
 * "may have": what the receiver reads, the needed ones included. An extension
 * outside this set is well-formedness-checked and then ignored, never refused:
 * OpenIKED sends SA2 in SPDUPDATE, setkey a SPIRANGE in ADD.
 * Needs of SADB_ADD that depend on the protocol (KEY_ENCRYPT for ESP, KEY_AUTH
 * for AH) are the command's business.
 * "answer" is what the kernel sends under this type, asked for or not; an error
 * answer is the base header alone, whatever this table says. A row whose four
 * sets are 0 and that is no plain command (FLUSH, PROMISC, ...) is a type that
 * the kernel never takes: see the comment at its right.
 */
#define PFKEY_MSG_TABLE(X)										\
	X(SADB_GETSPI,		"GETSPI",	PFKEY_SET_ADDRS,					\
	  PFKEY_SET_ADDRS | PFKEY_BIT(SADB_EXT_SPIRANGE) | PFKEY_BIT(SADB_X_EXT_SA2) | PFKEY_SET_NATT,	\
	  PFKEY_SET_SAID, PFKEY_SET_SA)									\
	X(SADB_UPDATE,		"UPDATE",	PFKEY_SET_SAID, PFKEY_SET_NEW_SA,			\
	  PFKEY_SET_SAID, PFKEY_SET_SA | PFKEY_SET_KEYS)						\
	X(SADB_ADD,		"ADD",		PFKEY_SET_SAID, PFKEY_SET_NEW_SA,			\
	  PFKEY_SET_SAID, PFKEY_SET_SA | PFKEY_SET_KEYS)						\
	X(SADB_DELETE,		"DELETE",	PFKEY_SET_SAID, PFKEY_SET_SAID,				\
	  PFKEY_SET_SAID, PFKEY_SET_SA | PFKEY_SET_KEYS)						\
	X(SADB_GET,		"GET",		PFKEY_SET_SAID,						\
	  PFKEY_SET_SAID | PFKEY_BIT(SADB_X_EXT_TESTUDO_SA),						\
	  PFKEY_SET_SAID, PFKEY_SET_SA | PFKEY_SET_KEYS)						\
	X(SADB_ACQUIRE,		"ACQUIRE",	0, 0, PFKEY_SET_ADDRS,					\
	  PFKEY_SET_ADDRS_POLICY | PFKEY_BIT(SADB_EXT_PROPOSAL) | PFKEY_BIT(SADB_X_EXT_SA2) |		\
	  PFKEY_BIT(SADB_X_EXT_SEC_CTX))								\
	X(SADB_REGISTER,	"REGISTER",	0, 0, 0, PFKEY_SET_SUPPORTED)				\
	X(SADB_EXPIRE,		"EXPIRE",	0, 0, /* kernel to user only */				\
	  PFKEY_SET_SAID, PFKEY_SET_SA)									\
	X(SADB_FLUSH,		"FLUSH",	0, 0, 0, 0)						\
	X(SADB_DUMP,		"DUMP",		0,							\
	  PFKEY_BIT(SADB_X_EXT_FILTER) | PFKEY_BIT(SADB_X_EXT_TESTUDO_SA),				\
	  PFKEY_SET_SAID, PFKEY_SET_SA | PFKEY_SET_KEYS)						\
	X(SADB_X_PROMISC,	"X_PROMISC",	0, 0, 0, 0)						\
	X(SADB_X_PCHANGE,	"X_PCHANGE",	0, 0, 0, 0) /* reserved, never taken */			\
	X(SADB_X_SPDUPDATE,	"X_SPDUPDATE",	PFKEY_SET_ADDRS_POLICY, PFKEY_SET_NEW_SP,		\
	  PFKEY_SET_ADDRS_POLICY, PFKEY_SET_SP)								\
	X(SADB_X_SPDADD,	"X_SPDADD",	PFKEY_SET_ADDRS_POLICY, PFKEY_SET_NEW_SP,		\
	  PFKEY_SET_ADDRS_POLICY, PFKEY_SET_SP)								\
	X(SADB_X_SPDDELETE,	"X_SPDDELETE",	PFKEY_SET_ADDRS_POLICY,					\
	  PFKEY_SET_ADDRS_POLICY | PFKEY_BIT(SADB_X_EXT_SEC_CTX),					\
	  PFKEY_SET_ADDRS_POLICY, PFKEY_SET_SP)								\
	X(SADB_X_SPDGET,	"X_SPDGET",	PFKEY_SET_POLICY, PFKEY_SET_POLICY,			\
	  PFKEY_SET_ADDRS_POLICY, PFKEY_SET_SP)								\
	X(SADB_X_SPDACQUIRE,	"X_SPDACQUIRE",	0, 0, 0, 0) /* reserved, never taken */			\
	X(SADB_X_SPDDUMP,	"X_SPDDUMP",	0, 0, PFKEY_SET_ADDRS_POLICY, PFKEY_SET_SP)		\
	X(SADB_X_SPDFLUSH,	"X_SPDFLUSH",	0, 0, 0, 0)						\
	X(SADB_X_SPDSETIDX,	"X_SPDSETIDX",	PFKEY_SET_ADDRS_POLICY, PFKEY_SET_NEW_SP,		\
	  PFKEY_SET_ADDRS_POLICY, PFKEY_SET_SP)								\
	X(SADB_X_SPDEXPIRE,	"X_SPDEXPIRE",	0, 0, /* kernel to user only */				\
	  PFKEY_SET_ADDRS_POLICY, PFKEY_SET_SP)								\
	X(SADB_X_SPDDELETE2,	"X_SPDDELETE2",	PFKEY_SET_POLICY, PFKEY_SET_POLICY,			\
	  PFKEY_SET_ADDRS_POLICY, PFKEY_SET_SP)								\
	X(SADB_X_NAT_T_NEW_MAPPING, "X_NAT_T_NEW_MAPPING", 0, 0, /* kernel to user only */		\
	  PFKEY_SET_SAID, PFKEY_SET_SAID | PFKEY_SET_NATT)						\
	X(SADB_X_MIGRATE,	"X_MIGRATE",	PFKEY_SET_ADDRS_POLICY,					\
	  PFKEY_SET_ADDRS_POLICY | PFKEY_BIT(SADB_X_EXT_KMADDRESS),					\
	  PFKEY_SET_ADDRS_POLICY, PFKEY_SET_SP | PFKEY_BIT(SADB_X_EXT_KMADDRESS))

#endif /* _UAPI_LINUX_PFKEY_EXT_H */
