// SPDX-License-Identifier: GPL-2.0
/*
 * Messages for the tests: made, sent, received. Every message that comes is
 * checked byte by byte for what must hold for all of them (m_check()).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "msg.h"

/* Milliseconds that an answer may take: it must be there when send() returns. */
#define ANSWER_MS	0

static _Thread_local uint32_t seq;

/* --- building -------------------------------------------------------------- */

void m_begin(struct msg *m, unsigned int type, unsigned int satype)
{
	/* the rest is cleared when it comes into use: messages are made by the million */
	memset(m, 0, offsetof(struct msg, b) + 512);
	m->base.sadb_msg_version = PF_KEY_V2;
	m->base.sadb_msg_type = type;
	m->base.sadb_msg_satype = satype;
	m->base.sadb_msg_seq = ++seq;
	m->base.sadb_msg_pid = getpid();
	m->len = sizeof(m->base);
	m_end(m);
}

void m_end(struct msg *m)
{
	m->base.sadb_msg_len = m->len / 8;
}

void *m_ext(struct msg *m, unsigned int type, size_t bytes)
{
	struct sadb_ext *ext = (struct sadb_ext *)(m->b + m->len);

	bytes = (bytes + 7) & ~(size_t)7;
	OK(m->len + bytes <= MSG_ROOM);
	memset(ext, 0, bytes);
	ext->sadb_ext_len = bytes / 8;
	ext->sadb_ext_type = type;
	m->last = m->len;
	m->len += bytes;
	m_end(m);
	return ext;
}

struct sadb_sa *m_sa(struct msg *m, uint32_t spi, unsigned int auth, unsigned int enc)
{
	struct sadb_sa *sa = m_ext(m, SADB_EXT_SA, sizeof(*sa));

	sa->sadb_sa_spi = htonl(spi);
	sa->sadb_sa_state = SADB_SASTATE_LARVAL; /* as setkey */
	sa->sadb_sa_auth = auth;
	sa->sadb_sa_encrypt = enc;
	return sa;
}

static size_t put_sockaddr(void *out, const char *text, unsigned int port)
{
	struct sockaddr_in6 *sin6 = out;
	struct sockaddr_in *sin = out;

	if (strchr(text, ':')) {
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons(port);
		OK(inet_pton(AF_INET6, text, &sin6->sin6_addr) == 1);
		return sizeof(*sin6);
	}
	sin->sin_family = AF_INET;
	sin->sin_port = htons(port);
	OK(inet_pton(AF_INET, text, &sin->sin_addr) == 1);
	return sizeof(*sin);
}

static size_t salen(const char *text)
{
	return strchr(text, ':') ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

struct sadb_address *m_addr(struct msg *m, unsigned int type, const char *text, unsigned int prefix,
			    unsigned int proto, unsigned int port)
{
	struct sadb_address *addr = m_ext(m, type, sizeof(*addr) + salen(text));

	addr->sadb_address_proto = proto;
	addr->sadb_address_prefixlen = prefix;
	put_sockaddr(addr + 1, text, port);
	return addr;
}

void m_ends(struct msg *m, const char *src, const char *dst)
{
	unsigned int bits = strchr(src, ':') ? 128 : 32;

	m_addr(m, SADB_EXT_ADDRESS_SRC, src, bits, 255, 0);
	bits = strchr(dst, ':') ? 128 : 32;
	m_addr(m, SADB_EXT_ADDRESS_DST, dst, bits, 255, 0);
}

struct sadb_key *m_key(struct msg *m, unsigned int type, unsigned int bits)
{
	size_t bytes = (bits + 7) / 8, i;
	struct sadb_key *key = m_ext(m, type, sizeof(*key) + bytes);

	key->sadb_key_bits = bits;
	/* no byte is zero, and no third of a 3DES key is another */
	for (i = 0; i < bytes; i++)
		((uint8_t *)(key + 1))[i] = 1 + type + 3 * i;
	return key;
}

struct sadb_lifetime *m_life(struct msg *m, unsigned int type, uint64_t addtime)
{
	struct sadb_lifetime *life = m_ext(m, type, sizeof(*life));

	life->sadb_lifetime_addtime = addtime;
	return life;
}

struct sadb_x_sa2 *m_sa2(struct msg *m, unsigned int mode, uint32_t reqid)
{
	struct sadb_x_sa2 *sa2 = m_ext(m, SADB_X_EXT_SA2, sizeof(*sa2));

	sa2->sadb_x_sa2_mode = mode;
	sa2->sadb_x_sa2_reqid = reqid;
	/* setkey sends what its stack held */
	sa2->sadb_x_sa2_reserved1 = 0xcd;
	sa2->sadb_x_sa2_reserved2 = 0xcdcd;
	sa2->sadb_x_sa2_sequence = 0xcdcdcdcd;
	return sa2;
}

void m_range(struct msg *m, uint32_t min, uint32_t max)
{
	struct sadb_spirange *range = m_ext(m, SADB_EXT_SPIRANGE, sizeof(*range));

	range->sadb_spirange_min = min;
	range->sadb_spirange_max = max;
}

struct sadb_x_policy *m_policy(struct msg *m, unsigned int type, unsigned int dir, uint32_t id)
{
	struct sadb_x_policy *pol = m_ext(m, SADB_X_EXT_POLICY, sizeof(*pol));

	pol->sadb_x_policy_type = type;
	pol->sadb_x_policy_dir = dir;
	pol->sadb_x_policy_id = id;
	return pol;
}

/* Appends to the policy, which must be the last extension. */
struct sadb_x_ipsecrequest *m_req(struct msg *m, unsigned int proto, unsigned int mode,
				  unsigned int level, uint32_t reqid, const char *src,
				  const char *dst)
{
	struct sadb_x_ipsecrequest *req = (struct sadb_x_ipsecrequest *)(m->b + m->len);
	struct sadb_ext *ext = (struct sadb_ext *)(m->b + m->last);
	uint8_t *end = (uint8_t *)(req + 1);

	OK(m->len + 128 <= MSG_ROOM);
	memset(req, 0, 128);
	if (src)
		end += put_sockaddr(end, src, 0);
	if (dst)
		end += put_sockaddr(end, dst, 0);
	req->sadb_x_ipsecrequest_len = end - (uint8_t *)req;
	req->sadb_x_ipsecrequest_proto = proto;
	req->sadb_x_ipsecrequest_mode = mode;
	req->sadb_x_ipsecrequest_level = level;
	req->sadb_x_ipsecrequest_reqid = reqid;
	/* libipsec sends what realloc() left */
	req->sadb_x_ipsecrequest_reserved1 = 0xcdcd;
	req->sadb_x_ipsecrequest_reserved2 = 0xcdcdcdcd;
	m->len += (end - (uint8_t *)req + 7) & ~(size_t)7;
	ext->sadb_ext_len = (m->len - m->last) / 8;
	m_end(m);
	return req;
}

struct sadb_x_testudo_sa *m_x_sa(struct msg *m, uint32_t flags, uint32_t window)
{
	struct sadb_x_testudo_sa *x = m_ext(m, SADB_X_EXT_TESTUDO_SA, sizeof(*x));

	x->sadb_x_testudo_sa_flags = flags;
	x->sadb_x_testudo_sa_window = window;
	return x;
}

/* --- whole messages -------------------------------------------------------- */

/* ADD or UPDATE of a good ESP SA: AES-CBC, HMAC-SHA1. */
void m_add(struct msg *m, unsigned int type, uint32_t spi, const char *src, const char *dst)
{
	m_begin(m, type, SADB_SATYPE_ESP);
	m_key(m, SADB_EXT_KEY_ENCRYPT, 128);
	m_key(m, SADB_EXT_KEY_AUTH, 160);
	m_sa(m, spi, SADB_AALG_SHA1HMAC, SADB_X_EALG_AESCBC);
	m_sa2(m, IPSEC_MODE_TUNNEL, 0);
	m_ends(m, src, dst);
}

/* A message that names an SA: DELETE, GET. */
void m_said(struct msg *m, unsigned int type, unsigned int satype, uint32_t spi, const char *src,
	    const char *dst)
{
	m_begin(m, type, satype);
	m_sa(m, spi, 0, 0);
	m_ends(m, src, dst);
}

void m_getspi(struct msg *m, const char *src, const char *dst, uint32_t min, uint32_t max)
{
	m_begin(m, SADB_GETSPI, SADB_SATYPE_ESP);
	m_range(m, min, max);
	m_ends(m, src, dst);
}

/* A message with a selector: SPDADD and its kin. The policy comes last. */
void m_spd(struct msg *m, unsigned int type, unsigned int dir, const char *src, const char *dst,
	   unsigned int prefix)
{
	m_begin(m, type, 0);
	m_addr(m, SADB_EXT_ADDRESS_SRC, src, prefix, 255, 0);
	m_addr(m, SADB_EXT_ADDRESS_DST, dst, prefix, 255, 0);
	m_policy(m, IPSEC_POLICY_IPSEC, dir, 0);
}

void m_spd_id(struct msg *m, unsigned int type, uint32_t id)
{
	m_begin(m, type, 0);
	m_policy(m, IPSEC_POLICY_IPSEC, 0, id);
}

/* --- sockets --------------------------------------------------------------- */

int k_open(void)
{
	int fd = socket(PF_KEY, SOCK_RAW, PF_KEY_V2);

	if (fd < 0)
		test_fail(__FILE__, __LINE__, "socket(PF_KEY): %s", strerror(errno));
	return fd;
}

/* Returns 0 or the errno of send(). */
int k_send(int fd, struct msg *m)
{
	ssize_t n = send(fd, m->b, m->len, 0);

	if (n < 0)
		return errno;
	EQ(n, m->len);
	return 0;
}

/* The next message within @ms milliseconds, checked; false when none came. */
bool k_recv(int fd, struct msg *m, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	ssize_t n;

	if (poll(&pfd, 1, ms) != 1)
		return false;
	n = recv(fd, m->b, sizeof(m->b), MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0) {
		OK(errno == EAGAIN);
		return false;
	}
	m->len = n;
	m_check(m);
	return true;
}

/*
 * Sends a request and reads the answer, which must be there at once and be
 * ours. Returns its errno.
 */
int k_ask(int fd, struct msg *m, struct msg *answer)
{
	int err = k_send(fd, m);

	if (err)
		test_fail(__FILE__, __LINE__, "send: %s", strerror(err));
	if (!k_recv(fd, answer, ANSWER_MS))
		test_fail(__FILE__, __LINE__, "no answer when send() returned");
	EQ(answer->base.sadb_msg_type, m->base.sadb_msg_type);
	EQ(answer->base.sadb_msg_pid, m->base.sadb_msg_pid);
	/* a dump counts by itself */
	if (answer->base.sadb_msg_errno || (m->base.sadb_msg_type != SADB_DUMP &&
					    m->base.sadb_msg_type != SADB_X_SPDDUMP))
		EQ(answer->base.sadb_msg_seq, m->base.sadb_msg_seq);
	if (answer->base.sadb_msg_errno) {
		EQ(answer->len, sizeof(answer->base));
		EQ(answer->base.sadb_msg_satype, m->base.sadb_msg_satype);
	}
	return answer->base.sadb_msg_errno;
}

/* The same for who does not want to see the answer. */
int k_do(int fd, struct msg *m)
{
	struct msg answer;

	return k_ask(fd, m, &answer);
}

/* Nothing more is to come. */
void k_quiet(int fd, int ms)
{
	struct msg m;

	if (k_recv(fd, &m, ms))
		test_fail(__FILE__, __LINE__, "a message of type %u, errno %u, that nobody asked for",
			  m.base.sadb_msg_type, m.base.sadb_msg_errno);
}

/* Reads all there is; returns how many. */
unsigned int k_drain(int fd)
{
	unsigned int n = 0;
	struct msg m;

	while (k_recv(fd, &m, 0))
		n++;
	return n;
}

/* --- looking at what came --------------------------------------------------- */

void *m_find(struct msg *m, unsigned int type)
{
	struct sadb_ext *ext;
	size_t off;

	for (off = sizeof(m->base); off < m->len; off += ext->sadb_ext_len * 8) {
		ext = (struct sadb_ext *)(m->b + off);
		if (ext->sadb_ext_type == type)
			return ext;
	}
	return NULL;
}

static void check_zero(const void *p, size_t len, const char *what)
{
	const uint8_t *b = p;

	for (; len; len--, b++)
		if (*b)
			test_fail(__FILE__, __LINE__, "%s is not zero", what);
}

/* Returns the length of the sockaddr, whose unused bytes are zero. */
static size_t check_sockaddr(const void *p, size_t room)
{
	const struct sockaddr_in6 *sin6 = p;
	const struct sockaddr_in *sin = p;

	OK(room >= sizeof(*sin));
	if (sin->sin_family == AF_INET) {
		check_zero(sin->sin_zero, sizeof(sin->sin_zero), "sin_zero");
		return sizeof(*sin);
	}
	EQ(sin->sin_family, AF_INET6);
	OK(room >= sizeof(*sin6));
	check_zero(&sin6->sin6_flowinfo, 4, "sin6_flowinfo");
	check_zero(&sin6->sin6_scope_id, 4, "sin6_scope_id");
	return sizeof(*sin6);
}

/* An SA's end is a whole address without a port: setkey compares sockaddrs. */
static void check_end(const struct sadb_address *addr)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)(addr + 1);

	/* sin6_port is at the same place */
	EQ(sin->sin_port, 0);
	EQ(addr->sadb_address_proto, 0);
	EQ(addr->sadb_address_prefixlen, sin->sin_family == AF_INET ? 32 : 128);
}

static void check_address(const struct sadb_address *addr, size_t bytes)
{
	size_t len = sizeof(*addr) + check_sockaddr(addr + 1, bytes - sizeof(*addr));

	EQ(addr->sadb_address_reserved, 0);
	EQ(bytes, (len + 7) & ~(size_t)7);
	check_zero((const uint8_t *)addr + len, bytes - len, "padding of an address");
}

static void check_key(const struct sadb_key *key, size_t bytes)
{
	size_t len = sizeof(*key) + (key->sadb_key_bits + 7) / 8;

	EQ(key->sadb_key_reserved, 0);
	EQ(bytes, (len + 7) & ~(size_t)7);
	check_zero((const uint8_t *)key + len, bytes - len, "padding of a key");
}

/* DP:ipsec_dump_ipsecrequest of libipsec demands the exact lengths. */
static void check_policy(const struct sadb_x_policy *pol, size_t bytes)
{
	const struct sadb_x_ipsecrequest *req;
	const uint8_t *p = (const uint8_t *)(pol + 1);
	size_t left = bytes - sizeof(*pol), len;

	EQ(pol->sadb_x_policy_reserved, 0);
	OK(pol->sadb_x_policy_dir >= IPSEC_DIR_INBOUND && pol->sadb_x_policy_dir <= IPSEC_DIR_FWD);
	EQ(pol->sadb_x_policy_id & 7, pol->sadb_x_policy_dir - 1);
	for (; left; p += len, left -= len) {
		req = (const struct sadb_x_ipsecrequest *)p;
		OK(left >= sizeof(*req));
		len = sizeof(*req);
		/* those of a MIGRATE have addresses in every mode */
		if (req->sadb_x_ipsecrequest_mode == IPSEC_MODE_TUNNEL ||
		    req->sadb_x_ipsecrequest_len > len) {
			len += check_sockaddr(p + len, left - len);
			len += check_sockaddr(p + len, left - len);
		}
		EQ(req->sadb_x_ipsecrequest_len, len);
		EQ(req->sadb_x_ipsecrequest_reserved1, 0);
		EQ(req->sadb_x_ipsecrequest_reserved2, 0);
		OK(len <= left);
	}
}

static void check_sa2(const struct sadb_x_sa2 *sa2, size_t bytes)
{
	EQ(bytes, sizeof(*sa2));
	EQ(sa2->sadb_x_sa2_reserved1, 0);
	EQ(sa2->sadb_x_sa2_reserved2, 0);
	EQ(sa2->sadb_x_sa2_sequence, 0);
}

static void check_supported(const struct sadb_supported *sup, size_t bytes)
{
	const struct sadb_alg *alg = (const struct sadb_alg *)(sup + 1);
	size_t n = (bytes - sizeof(*sup)) / sizeof(*alg);

	EQ(sup->sadb_supported_reserved, 0);
	for (; n; n--, alg++) {
		EQ(alg->sadb_alg_reserved, 0);
		OK(alg->sadb_alg_id);
		OK(alg->sadb_alg_minbits <= alg->sadb_alg_maxbits);
	}
}

static void check_natt(const void *ext, unsigned int type, size_t bytes)
{
	const struct sadb_x_nat_t_type *kind = ext;
	const struct sadb_x_nat_t_port *port = ext;

	EQ(bytes, 8);
	if (type == SADB_X_EXT_NAT_T_TYPE) {
		EQ(kind->sadb_x_nat_t_type_type, 2);
		OK(!memcmp(kind->sadb_x_nat_t_type_reserved, "\0\0\0", 3));
	} else {
		OK(port->sadb_x_nat_t_port_port);
		EQ(port->sadb_x_nat_t_port_reserved, 0);
	}
}

static void check_kmaddress(const struct sadb_x_kmaddress *kma, size_t bytes)
{
	const uint8_t *p = (const uint8_t *)(kma + 1);
	size_t left = bytes - sizeof(*kma);
	size_t len = check_sockaddr(p, left);

	EQ(kma->sadb_x_kmaddress_reserved, 0);
	EQ(left, 2 * len);
	EQ(check_sockaddr(p + len, left - len), len);
}

static void check_ext(const void *ext, unsigned int type, size_t bytes)
{
	switch (type) {
	case SADB_X_EXT_KMADDRESS:
		check_kmaddress(ext, bytes);
		return;
	case SADB_EXT_SA:
		EQ(bytes, sizeof(struct sadb_sa));
		return;
	case SADB_EXT_LIFETIME_CURRENT:
	case SADB_EXT_LIFETIME_HARD:
	case SADB_EXT_LIFETIME_SOFT:
		EQ(bytes, sizeof(struct sadb_lifetime));
		return;
	case SADB_EXT_ADDRESS_SRC:
	case SADB_EXT_ADDRESS_DST:
	case SADB_X_EXT_NAT_T_OA:
		check_address(ext, bytes);
		return;
	case SADB_EXT_KEY_AUTH:
	case SADB_EXT_KEY_ENCRYPT:
		check_key(ext, bytes);
		return;
	case SADB_EXT_SUPPORTED_AUTH:
	case SADB_EXT_SUPPORTED_ENCRYPT:
		check_supported(ext, bytes);
		return;
	case SADB_X_EXT_POLICY:
		check_policy(ext, bytes);
		return;
	case SADB_X_EXT_SA2:
		check_sa2(ext, bytes);
		return;
	case SADB_X_EXT_NAT_T_TYPE:
	case SADB_X_EXT_NAT_T_SPORT:
	case SADB_X_EXT_NAT_T_DPORT:
		check_natt(ext, type, bytes);
		return;
	case SADB_X_EXT_TESTUDO_SA:
		EQ(bytes, sizeof(struct sadb_x_testudo_sa));
		EQ(((const struct sadb_x_testudo_sa *)ext)->sadb_x_testudo_sa_reserved, 0);
		return;
	default:
		test_fail(__FILE__, __LINE__, "extension %u, which libipsec can not read", type);
	}
}

static bool is_end(unsigned int type)
{
	return type == SADB_EXT_ADDRESS_SRC || type == SADB_EXT_ADDRESS_DST;
}

/* In messages about a policy it is a number that setkey prints. */
static void check_reserved(const struct sadb_msg *base)
{
	switch (base->sadb_msg_type) {
	case SADB_X_SPDUPDATE:
	case SADB_X_SPDADD:
	case SADB_X_SPDDELETE:
	case SADB_X_SPDGET:
	case SADB_X_SPDDUMP:
	case SADB_X_SPDSETIDX:
	case SADB_X_SPDEXPIRE:
	case SADB_X_SPDDELETE2:
		if (!base->sadb_msg_errno)
			return;
		break;
	default:
		break;
	}
	EQ(base->sadb_msg_reserved, 0);
}

/*
 * What holds for every message from the kernel: the header tells the length,
 * no extension comes twice or is longer than it says, an error is a header
 * alone, nothing is longer than 4096 bytes, and all padding and reserved fields
 * are zero.
 */
void m_check(const struct msg *m)
{
	const struct sadb_ext *ext;
	unsigned long long seen = 0;
	size_t off, bytes;

	OK(m->len >= sizeof(m->base));
	OK(m->len <= 4096);
	EQ(m->base.sadb_msg_version, PF_KEY_V2);
	EQ(m->base.sadb_msg_len * 8, m->len);
	check_reserved(&m->base);
	if (m->base.sadb_msg_errno)
		EQ(m->len, sizeof(m->base));
	for (off = sizeof(m->base); off < m->len; off += bytes) {
		ext = (const struct sadb_ext *)(m->b + off);
		bytes = ext->sadb_ext_len * 8;
		OK(bytes && bytes <= m->len - off);
		if (ext->sadb_ext_type < 64) {
			OK(!(seen & 1ULL << ext->sadb_ext_type));
			seen |= 1ULL << ext->sadb_ext_type;
		}
		check_ext(ext, ext->sadb_ext_type, bytes);
		if (is_end(ext->sadb_ext_type) && m->base.sadb_msg_type <= SADB_DUMP)
			check_end((const struct sadb_address *)ext);
	}
}

/* Entries by a dump, whose sequence numbers must be 1, 2, ..., 0. */
static unsigned int count(int fd, unsigned int type, unsigned int satype)
{
	unsigned int n = 1;
	struct msg m, a;
	int err;

	m_begin(&m, type, satype);
	err = k_ask(fd, &m, &a);
	if (err) {
		EQ(err, ENOENT);
		return 0;
	}
	while (a.base.sadb_msg_seq) {
		EQ(a.base.sadb_msg_seq, n);
		OK(k_recv(fd, &a, 30000));
		EQ(a.base.sadb_msg_type, type);
		EQ(a.base.sadb_msg_errno, 0);
		n++;
	}
	return n;
}

unsigned int k_count_sa(int fd, unsigned int satype)
{
	return count(fd, SADB_DUMP, satype);
}

unsigned int k_count_sp(int fd)
{
	return count(fd, SADB_X_SPDDUMP, 0);
}

/* Both tables become empty, and say so. */
void k_empty(int fd)
{
	struct msg m;

	m_begin(&m, SADB_FLUSH, 0);
	EQ(k_do(fd, &m), 0);
	m_begin(&m, SADB_X_SPDFLUSH, 0);
	EQ(k_do(fd, &m), 0);
	EQ(k_count_sa(fd, 0), 0);
	EQ(k_count_sp(fd), 0);
}

uint32_t m_spi(struct msg *m)
{
	struct sadb_sa *sa = m_find(m, SADB_EXT_SA);

	OK(sa);
	return ntohl(sa->sadb_sa_spi);
}

unsigned int m_state(struct msg *m)
{
	struct sadb_sa *sa = m_find(m, SADB_EXT_SA);

	OK(sa);
	return sa->sadb_sa_state;
}

/* The ESP SA as GET shows it; errno of the answer. */
int k_get(int fd, uint32_t spi, const char *src, const char *dst, struct msg *a)
{
	struct msg m;

	m_said(&m, SADB_GET, SADB_SATYPE_ESP, spi, src, dst);
	return k_ask(fd, &m, a);
}
