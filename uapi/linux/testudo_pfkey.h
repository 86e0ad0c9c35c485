/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What Testudo adds to PF_KEY beyond <linux/pfkeyv2.h>: one extension and two
 * algorithm identifiers.
 *
 * A client that does not know this file never meets it: the kernel puts the
 * extension only into the answers to a request that carried it, because
 * libipsec's parser indexes a table by extension type before it checks it.
 */
#ifndef _UAPI_LINUX_TESTUDO_PFKEY_H
#define _UAPI_LINUX_TESTUDO_PFKEY_H

#include <linux/types.h>

/*
 * Outside the range that any PF_KEY implementation has assigned (Linux ends at
 * 26, the BSDs at 28), so that another stack skips it, as RFC 2367 2.3 says.
 */
#define SADB_X_EXT_TESTUDO_SA		0x5401

/* sadb_x_testudo_sa_flags */
#define SADB_X_TESTUDO_SA_ESN		0x00000001	/* RFC 4303 2.2.1 */
#define SADB_X_TESTUDO_SA_ALIGN8	0x00000002	/* AH over IPv4 in units of 8 bytes, as stock Linux has it */
#define SADB_X_TESTUDO_SA_DFSET		0x00000004	/* tunnel: DF outside of IPv4 is set, whatever is inside */

/* Largest replay window, in packets. */
#define SADB_X_TESTUDO_WINDOW_MAX	4096

/**
 * struct sadb_x_testudo_sa - what struct sadb_sa has no room for
 * @sadb_x_testudo_sa_len: length in 8-byte words, 4
 * @sadb_x_testudo_sa_exttype: SADB_X_EXT_TESTUDO_SA
 * @sadb_x_testudo_sa_flags: SADB_X_TESTUDO_SA_*, host order
 * @sadb_x_testudo_sa_window: replay window in packets, host order, at most
 *	SADB_X_TESTUDO_WINDOW_MAX; 0 leaves the word to sadb_sa_replay
 * @sadb_x_testudo_sa_reserved: 0
 * @sadb_x_testudo_sa_oseq: last sequence number sent; on SADB_ADD the number
 *	to continue after, for a keying daemon that restores an SA
 * @sadb_x_testudo_sa_iseq: highest authentic sequence number received; on
 *	SADB_ADD everything up to it counts as seen
 *
 * Allowed in SADB_ADD and SADB_UPDATE; in SADB_GET and SADB_DUMP a zeroed one
 * asks for it in the answer. ESN needs a window (RFC 4303 3.4.3), so ESN with
 * neither @sadb_x_testudo_sa_window nor sadb_sa_replay is refused by EINVAL; so
 * is DFSET in transport mode, or together with SADB_SAFLAGS_NOPMTUDISC.
 */
struct sadb_x_testudo_sa {
	__u16	sadb_x_testudo_sa_len;
	__u16	sadb_x_testudo_sa_exttype;
	__u32	sadb_x_testudo_sa_flags;
	__u32	sadb_x_testudo_sa_window;
	__u32	sadb_x_testudo_sa_reserved;
	__u64	sadb_x_testudo_sa_oseq;
	__u64	sadb_x_testudo_sa_iseq;
} __attribute__((packed));

/*
 * Algorithms without a number of their own in <linux/pfkeyv2.h>. FreeBSD's 15
 * and OpenBSD's 22 for ChaCha20-Poly1305 are other algorithms on Linux, so
 * these stand apart from every assigned value.
 */
#define SADB_X_EALG_TESTUDO_CHACHA20POLY1305	225	/* RFC 7634; key: 32 bytes + 4 of salt */
#define SADB_X_AALG_TESTUDO_AES_CMAC		226	/* RFC 4494, ICV 96 bits */

#endif /* _UAPI_LINUX_TESTUDO_PFKEY_H */
