// SPDX-License-Identifier: GPL-2.0
/*
 * Requests about SAs: reserving an SPI, installing, moving, deleting, asking
 * what an SA has carried, reading the SAD. Ports of SAs are told by the NAT-T
 * extensions alone: an SA's addresses are without.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/udp.h>
#include <string.h>

#include "base/log.h"
#include "edge/kernel_room.h"

/* SPIs that GETSPI may give. Below are IANA's, and those that people key by hand. */
#define SA_SPI_MIN 0x00010000u
#define SA_SPI_MAX 0xffffffffu
/* CPIs: below are well-known ones, above those for private use (RFC 3173 3.3) */
#define SA_CPI_MIN 0x0100u
#define SA_CPI_MAX 0xefffu

/* ESN needs a window (RFC 4303 3.4.3), in the direction that does not use it too. */
#define SA_ESN_WINDOW_MIN 32u
/* What sadb_sa_replay can say; more goes by our own extension. */
#define SA_REPLAY_MAX 255u

/* An address of an SA, as PF_KEY wants it: without port and scope. */
static void sa_put_end(struct pfkey_buf *b, unsigned int type, const struct sockaddr_storage *sa)
{
	struct sockaddr_storage bare;

	addr_from_bytes(&bare, addr_bytes(sa));
	pfkey_put_address(b, type, &bare, IPSEC_PROTO_ANY, addr_bits(&bare));
}

/* PF_KEY names no pair of ends without a family, or of two. */
static bool sa_ends_ok(const struct sockaddr_storage *src, const struct sockaddr_storage *dst)
{
	return addr_bits(src) && src->ss_family == dst->ss_family;
}

static void sa_put_ends(struct pfkey_buf *b, const struct sockaddr_storage *src,
			const struct sockaddr_storage *dst)
{
	sa_put_end(b, SADB_EXT_ADDRESS_SRC, src);
	sa_put_end(b, SADB_EXT_ADDRESS_DST, dst);
}

/* The request that names an SA: GET or DELETE. */
static int sa_ask_name(struct kernel *k, unsigned int type, const struct kern_name *name,
		       struct pfkey_msg *msg)
{
	struct sockaddr_storage src = name->src;
	struct pfkey_buf b;
	struct sadb_sa *sa;

	/* the kernel wants a source of the same family, and does not look at it */
	if (!src.ss_family)
		src = name->dst;
	if (!pfkey_transform_satype(name->proto) || !sa_ends_ok(&src, &name->dst))
		return -EINVAL;
	pfkey_begin(&b, type, pfkey_transform_satype(name->proto), kernel_next_seq(k), k->pid);
	sa = pfkey_put(&b, SADB_EXT_SA, sizeof(*sa));
	sa->sadb_sa_spi = htonl(name->spi);
	sa_put_ends(&b, &src, &name->dst);
	return kernel_ask(k, &b, msg);
}

/*
 * The number is always our own: with that of an ACQUIRE the kernel would give
 * the same larval SA to every negotiation that the ACQUIRE began.
 */
int kernel_getspi(struct kernel *k, const struct kern_sa *sa, uint32_t *spi)
{
	bool comp = sa->proto == IPPROTO_COMP;
	const struct sadb_sa *got;
	struct pfkey_msg msg;
	struct pfkey_buf b;
	int err;

	if (!pfkey_transform_satype(sa->proto) || !sa_ends_ok(&sa->src, &sa->dst))
		return -EINVAL;
	pfkey_begin(&b, SADB_GETSPI, pfkey_transform_satype(sa->proto), kernel_next_seq(k), k->pid);
	pfkey_put_sa2(&b, sa->mode, sa->reqid);
	sa_put_ends(&b, &sa->src, &sa->dst);
	pfkey_put_spirange(&b, comp ? SA_CPI_MIN : SA_SPI_MIN, comp ? SA_CPI_MAX : SA_SPI_MAX);
	err = kernel_ask(k, &b, &msg);
	if (err)
		return err;
	got = pfkey_ext(&msg, SADB_EXT_SA);
	*spi = ntohl(got->sadb_sa_spi);
	kernel_forget(k);
	return *spi ? 0 : -EBADMSG;
}

/* ---- installing ---- */

static unsigned int sa_window(const struct kern_sa *sa)
{
	unsigned int window = sa->window;

	if (sa->proto == IPPROTO_COMP)
		return 0;
	if (sa->esn && window < SA_ESN_WINDOW_MIN)
		window = SA_ESN_WINDOW_MIN;
	return window < SADB_X_TESTUDO_WINDOW_MAX ? window : SADB_X_TESTUDO_WINDOW_MAX;
}

/* The numbers of cipher and integrity algorithm; -ENOSYS if the kernel has none. */
static int sa_algs(const struct kern_sa *sa, uint8_t *encr, uint8_t *auth)
{
	*encr = SADB_EALG_NONE;
	*auth = SADB_AALG_NONE;
	if (sa->proto == IPPROTO_COMP) {
		*encr = sa->encr.alg ? sa->encr.alg->pfkey : SADB_X_CALG_DEFLATE;
		return *encr ? 0 : -ENOSYS;
	}
	if (sa->proto == IPPROTO_ESP) {
		*encr = sa->encr.alg ? sa->encr.alg->pfkey : SADB_EALG_NONE;
		if (!*encr)
			return -ENOSYS;
	}
	if (sa->integ) {
		*auth = sa->integ->pfkey;
		if (!*auth)
			return -ENOSYS;
	}
	return sa->proto == IPPROTO_AH && !*auth ? -EINVAL : 0;
}

static void sa_put_sa(struct pfkey_buf *b, const struct kern_sa *sa, uint8_t encr, uint8_t auth)
{
	struct sadb_sa *ext = pfkey_put(b, SADB_EXT_SA, sizeof(*ext));
	unsigned int window = sa_window(sa);

	ext->sadb_sa_spi = htonl(sa->spi);
	ext->sadb_sa_replay = window < SA_REPLAY_MAX ? window : SA_REPLAY_MAX;
	ext->sadb_sa_state = SADB_SASTATE_MATURE;
	ext->sadb_sa_auth = auth;
	ext->sadb_sa_encrypt = encr;
}

/* Only what needs it has it, so that af_key sees nothing unknown. */
static bool sa_needs_testudo(const struct kern_sa *sa)
{
	return sa->proto != IPPROTO_COMP && (sa->esn || sa_window(sa) > SA_REPLAY_MAX);
}

static void sa_put_testudo(struct pfkey_buf *b, const struct kern_sa *sa)
{
	struct sadb_x_testudo_sa *ext = pfkey_put(b, SADB_X_EXT_TESTUDO_SA, sizeof(*ext));

	if (!ext)
		return;
	ext->sadb_x_testudo_sa_flags = sa->esn ? SADB_X_TESTUDO_SA_ESN : 0;
	ext->sadb_x_testudo_sa_window = sa_window(sa);
}

/* Both kinds or none: both, as every kernel takes it. */
static void sa_put_lifetimes(struct pfkey_buf *b, const struct kern_sa *sa)
{
	struct pfkey_limits hard = { .addtime = sa->hard_seconds, .bytes = sa->hard_bytes };
	struct pfkey_limits soft = { .addtime = sa->soft_seconds, .bytes = sa->soft_bytes };

	pfkey_put_limits(b, SADB_EXT_LIFETIME_HARD, &hard);
	pfkey_put_limits(b, SADB_EXT_LIFETIME_SOFT, &soft);
}

/* An AEAD has one key, and the NULL cipher an empty one. */
static void sa_put_keys(struct pfkey_buf *b, const struct kern_sa *sa)
{
	if (sa->proto == IPPROTO_ESP)
		pfkey_put_key(b, SADB_EXT_KEY_ENCRYPT, sa->encr_key.p, sa->encr_key.n);
	if (sa->proto != IPPROTO_COMP && sa->integ)
		pfkey_put_key(b, SADB_EXT_KEY_AUTH, sa->integ_key.p, sa->integ_key.n);
}

static void sa_put_udp(struct pfkey_buf *b, const struct sockaddr_storage *src,
		       const struct sockaddr_storage *dst)
{
	pfkey_put_natt_type(b, UDP_ENCAP_ESPINUDP);
	pfkey_put_natt_port(b, SADB_X_EXT_NAT_T_SPORT, addr_port(src));
	pfkey_put_natt_port(b, SADB_X_EXT_NAT_T_DPORT, addr_port(dst));
}

static int sa_new(struct kernel *k, unsigned int type, const struct kern_sa *sa)
{
	struct pfkey_msg msg;
	struct pfkey_buf b;
	uint8_t encr, auth;
	uint32_t seq;
	bool knows;
	int err;

	err = sa_algs(sa, &encr, &auth);
	if (err)
		return err;
	/* ADD with an ACQUIRE's number removes its larval SA */
	seq = type == SADB_ADD && sa->seq ? sa->seq : kernel_next_seq(k);
	pfkey_begin(&b, type, pfkey_transform_satype(sa->proto), seq, k->pid);
	sa_put_sa(&b, sa, encr, auth);
	sa_put_ends(&b, &sa->src, &sa->dst);
	sa_put_lifetimes(&b, sa);
	sa_put_keys(&b, sa);
	pfkey_put_sa2(&b, sa->mode, sa->reqid);
	if (sa->udp && sa->proto == IPPROTO_ESP)
		sa_put_udp(&b, &sa->src, &sa->dst);
	if (sa->udp && sa->proto == IPPROTO_ESP && sa->oa.ss_family)
		sa_put_end(&b, SADB_X_EXT_NAT_T_OA, &sa->oa);
	if (sa_needs_testudo(sa))
		sa_put_testudo(&b, sa);
	err = kernel_ask(k, &b, &msg);
	if (err)
		return err;
	knows = pfkey_ext(&msg, SADB_X_EXT_TESTUDO_SA);
	kernel_forget(k);
	/* af_key skips the extension, and would send and expect short numbers */
	return !sa->esn || knows ? 0 : -EOPNOTSUPP;
}

/* A larval SA that died of age is no loss: its SPI may still be free. */
int kernel_sa_install(struct kernel *k, const struct kern_sa *sa)
{
	struct kern_name name = {
		.proto = sa->proto,
		.spi = sa->spi,
		.src = sa->src,
		.dst = sa->dst,
	};
	int err;

	if (!pfkey_transform_satype(sa->proto) || !sa_ends_ok(&sa->src, &sa->dst))
		return -EINVAL;
	err = sa_new(k, sa->inbound ? SADB_UPDATE : SADB_ADD, sa);
	if (err == -ESRCH && sa->inbound)
		err = sa_new(k, SADB_ADD, sa);
	if (err == -EOPNOTSUPP && sa->esn)
		kernel_sa_delete(k, &name);
	return err;
}

int kernel_sa_delete(struct kernel *k, const struct kern_name *name)
{
	struct pfkey_msg msg;
	int err;

	err = sa_ask_name(k, SADB_DELETE, name, &msg);
	kernel_forget(k);
	return err;
}

/* ---- what is there ---- */

int kernel_sa_usage(struct kernel *k, const struct kern_name *name, struct kern_usage *usage)
{
	const struct sadb_lifetime *now;
	struct pfkey_msg msg;
	int err;

	err = sa_ask_name(k, SADB_GET, name, &msg);
	if (err)
		return err;
	*usage = (struct kern_usage){ 0 };
	now = pfkey_ext(&msg, SADB_EXT_LIFETIME_CURRENT);
	if (now) {
		usage->bytes = now->sadb_lifetime_bytes;
		usage->packets = now->sadb_lifetime_allocations;
		usage->used = now->sadb_lifetime_usetime;
	}
	kernel_forget(k);
	return 0;
}

/* An extension of the answer as it is. */
static void sa_copy_ext(struct pfkey_buf *b, const struct pfkey_msg *msg, unsigned int type)
{
	const struct sadb_ext *from = pfkey_ext(msg, type);
	size_t size = from ? from->sadb_ext_len * 8u : 0;
	void *to;

	if (!from)
		return;
	to = pfkey_put(b, type, size);
	if (to)
		memcpy(to, from, size);
}

/*
 * UPDATE of an SA in use takes ports and lifetimes from the message, and wants
 * all the rest to be complete: so it is what GET told.
 */
int kernel_sa_moved(struct kernel *k, const struct kern_name *name,
		    const struct sockaddr_storage *src, const struct sockaddr_storage *dst)
{
	static const uint16_t kept[] = {
		SADB_EXT_SA,
		SADB_EXT_LIFETIME_HARD,
		SADB_EXT_LIFETIME_SOFT,
		SADB_EXT_KEY_ENCRYPT,
		SADB_EXT_KEY_AUTH,
		SADB_X_EXT_SA2,
		SADB_X_EXT_NAT_T_OA,
	};
	struct pfkey_msg msg;
	struct pfkey_buf b;
	size_t i;
	int err;

	if (name->proto != IPPROTO_ESP)
		return -EINVAL;
	if (!addr_same_host(src, &name->src) || !addr_same_host(dst, &name->dst))
		return -EOPNOTSUPP;
	err = sa_ask_name(k, SADB_GET, name, &msg);
	if (err)
		return err;
	if (!pfkey_ext(&msg, SADB_X_EXT_NAT_T_TYPE)) {
		kernel_forget(k);
		return -EINVAL;
	}
	pfkey_begin(&b, SADB_UPDATE, SADB_SATYPE_ESP, kernel_next_seq(k), k->pid);
	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		sa_copy_ext(&b, &msg, kept[i]);
	kernel_forget(k);
	sa_put_ends(&b, src, dst);
	sa_put_udp(&b, src, dst);
	err = kernel_ask(k, &b, &msg);
	kernel_forget(k);
	return err;
}

/*
 * The header alone, with the cause; there is no answer. Held packets are
 * dropped, and no new ACQUIRE comes for a while.
 */
int kernel_acquire_failed(struct kernel *k, uint32_t seq, const struct kern_name *name, int error)
{
	struct pfkey_buf b;

	if (!seq || !pfkey_transform_satype(name->proto))
		return -EINVAL;
	if (error < 0)
		error = -error;
	pfkey_begin(&b, SADB_ACQUIRE, pfkey_transform_satype(name->proto), seq, k->pid);
	((struct sadb_msg *)b.data)->sadb_msg_errno = error > 0 && error < 256 ? error : ENOENT;
	return kernel_tell(k, &b);
}

/**
 * struct sa_dump - who reads the SAD
 * @fn: for each SA
 * @arg: handed to @fn
 */
struct sa_dump {
	void (*fn)(void *arg, const struct kernel_sa *sa);
	void *arg;
};

static void sa_dumped(void *arg, const struct pfkey_msg *msg)
{
	const struct sadb_x_sa2 *sa2 = pfkey_ext(msg, SADB_X_EXT_SA2);
	const struct sadb_lifetime *now = pfkey_ext(msg, SADB_EXT_LIFETIME_CURRENT);
	const struct sadb_lifetime *hard = pfkey_ext(msg, SADB_EXT_LIFETIME_HARD);
	const struct sadb_sa *base = pfkey_ext(msg, SADB_EXT_SA);
	const struct sa_dump *dump = arg;
	struct kernel_sa sa = { 0 };

	if (!kernel_name_from(msg, &sa.name))
		return;
	sa.state = base->sadb_sa_state;
	sa.mode = sa2 ? sa2->sadb_x_sa2_mode : IPSEC_MODE_TRANSPORT;
	sa.reqid = sa2 ? sa2->sadb_x_sa2_reqid : 0;
	sa.created = now ? now->sadb_lifetime_addtime : 0;
	sa.hard_seconds = hard ? hard->sadb_lifetime_addtime : 0;
	dump->fn(dump->arg, &sa);
}

int kernel_dump_sas(struct kernel *k, void (*fn)(void *arg, const struct kernel_sa *sa), void *arg)
{
	struct sa_dump dump = { .fn = fn, .arg = arg };

	return kernel_ask_dump(k, SADB_DUMP, sa_dumped, &dump);
}
