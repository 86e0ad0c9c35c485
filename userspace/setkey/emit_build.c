// SPDX-License-Identifier: GPL-2.0
/*
 * Evaluated commands into messages, extension by extension in the order that
 * setkey has always sent them. Touches no socket and judges nothing.
 */
#include <arpa/inet.h>
#include <linux/udp.h>
#include <string.h>

#include "setkey.h"

/**
 * build_type() - the message type of a command
 * @kind: command other than deleteall and exit
 *
 * Return: SADB_*, 0 for a command that is no single message.
 */
unsigned int build_type(enum cmd_kind kind)
{
	static const uint8_t types[] = {
		[CMD_ADD] = SADB_ADD,
		[CMD_UPDATE] = SADB_UPDATE,
		[CMD_GETSPI] = SADB_GETSPI,
		[CMD_GET] = SADB_GET,
		[CMD_DELETE] = SADB_DELETE,
		[CMD_DELETEALL] = 0,
		[CMD_FLUSH] = SADB_FLUSH,
		[CMD_DUMP] = SADB_DUMP,
		[CMD_SPDADD] = SADB_X_SPDADD,
		[CMD_SPDUPDATE] = SADB_X_SPDUPDATE,
		[CMD_SPDDELETE] = SADB_X_SPDDELETE,
		[CMD_SPDGET] = SADB_X_SPDGET,
		[CMD_SPDFLUSH] = SADB_X_SPDFLUSH,
		[CMD_SPDDUMP] = SADB_X_SPDDUMP,
		[CMD_EXIT] = 0,
	};

	return types[kind];
}

/**
 * build_limited() - is there any limit that has to be sent?
 * @lim: hard or soft limits
 *
 * Return: false if all are 0.
 */
bool build_limited(const struct pfkey_limits *lim)
{
	return lim->packets || lim->bytes || lim->addtime || lim->usetime;
}

static void build_label(struct pfkey_buf *b, const struct label *label)
{
	if (label->text)
		pfkey_put_sec_ctx(b, label->doi, label->alg, label->text, label->len);
}

/* The byte of sadb_sa_replay holds what it can; a kernel that reads ours looks there. */
static void build_sa_ext(struct pfkey_buf *b, enum cmd_kind kind, const struct sa_spec *spec)
{
	struct sadb_sa *sa = pfkey_put(b, SADB_EXT_SA, sizeof(*sa));

	if (!sa)
		return;
	sa->sadb_sa_spi = htonl(spec->spi);
	sa->sadb_sa_replay = spec->window < UINT8_MAX ? spec->window : UINT8_MAX;
	if (kind == CMD_ADD || kind == CMD_UPDATE)
		sa->sadb_sa_state = SADB_SASTATE_MATURE;
	sa->sadb_sa_auth = spec->auth;
	sa->sadb_sa_encrypt = spec->enc;
	sa->sadb_sa_flags = spec->flags;
}

/* In a get it is empty, and asks the kernel for its contents; af_key skips it. */
static void build_ours(struct pfkey_buf *b, enum cmd_kind kind, const struct sa_spec *spec)
{
	struct sadb_x_testudo_sa *ours;

	if (!spec->ours && kind != CMD_GET)
		return;
	ours = pfkey_put(b, SADB_X_EXT_TESTUDO_SA, sizeof(*ours));
	if (!ours || kind == CMD_GET)
		return;
	ours->sadb_x_testudo_sa_flags = spec->x_flags;
	/* a small window stays with sadb_sa_replay, which the kernel may raise */
	ours->sadb_x_testudo_sa_window = spec->window > UINT8_MAX ? spec->window : 0;
	ours->sadb_x_testudo_sa_oseq = spec->seq;
	ours->sadb_x_testudo_sa_iseq = spec->seq;
}

/* An SA's address: whole, for any protocol, with its port if one was given. */
static void build_sa_address(struct pfkey_buf *b, unsigned int type,
			     const struct sockaddr_storage *sa, uint16_t port)
{
	struct sockaddr_storage at = *sa;

	pfkey_addr_set_port(&at, port);
	pfkey_put_address(b, type, &at, IPSEC_PROTO_ANY, pfkey_addr_bits(sa->ss_family));
}

/* Keys, limits and label: what only a new SA has. */
static void build_new_sa(struct pfkey_buf *b, const struct sa_spec *spec)
{
	if (spec->has_enc_key)
		pfkey_put_key(b, SADB_EXT_KEY_ENCRYPT, spec->enc_key.bytes, spec->enc_key.len);
	if (spec->has_auth_key)
		pfkey_put_key(b, SADB_EXT_KEY_AUTH, spec->auth_key.bytes, spec->auth_key.len);
	if (build_limited(&spec->hard))
		pfkey_put_limits(b, SADB_EXT_LIFETIME_HARD, &spec->hard);
	if (build_limited(&spec->soft))
		pfkey_put_limits(b, SADB_EXT_LIFETIME_SOFT, &spec->soft);
	build_label(b, &spec->label);
}

static void build_natt(struct pfkey_buf *b, const struct sa_spec *spec)
{
	pfkey_put_natt_type(b, UDP_ENCAP_ESPINUDP);
	if (spec->oa.count)
		build_sa_address(b, SADB_X_EXT_NAT_T_OA, &spec->oa.addr[0], 0);
}

/**
 * build_sa() - one SA message
 * @b: result
 * @kind: add, update, getspi, get or delete
 * @spec: command
 * @src: one of its sources
 * @dst: one of its destinations, same family
 * @pid: for the header
 *
 * Return: 0 or -EMSGSIZE.
 */
int build_sa(struct pfkey_buf *b, enum cmd_kind kind, const struct sa_spec *spec,
	     const struct sockaddr_storage *src, const struct sockaddr_storage *dst, uint32_t pid)
{
	bool new = kind == CMD_ADD || kind == CMD_UPDATE || kind == CMD_GETSPI;

	pfkey_begin(b, build_type(kind), spec->satype, 0, pid);
	if (new)
		build_new_sa(b, spec);
	if (kind == CMD_GETSPI && spec->spi)
		pfkey_put_spirange(b, spec->spi, spec->spi);
	build_sa_ext(b, kind, spec);
	pfkey_put_sa2(b, spec->mode, spec->reqid);
	if (new && spec->natt)
		build_natt(b, spec);
	build_sa_address(b, SADB_EXT_ADDRESS_SRC, src, spec->src_port);
	build_sa_address(b, SADB_EXT_ADDRESS_DST, dst, spec->dst_port);
	if (new && spec->natt) {
		pfkey_put_natt_port(b, SADB_X_EXT_NAT_T_SPORT,
				    spec->src_port ? spec->src_port : SETKEY_NATT_PORT);
		pfkey_put_natt_port(b, SADB_X_EXT_NAT_T_DPORT,
				    spec->dst_port ? spec->dst_port : SETKEY_NATT_PORT);
	}
	if (new || kind == CMD_GET)
		build_ours(b, kind, spec);
	return pfkey_end(b);
}

static void build_range(struct pfkey_buf *b, unsigned int type, const struct sockaddr_storage *sa,
			uint16_t port, unsigned int proto, int prefix)
{
	struct sockaddr_storage at = *sa;

	pfkey_addr_set_port(&at, port);
	pfkey_put_address(b, type, &at, proto,
			  prefix < 0 ? pfkey_addr_bits(sa->ss_family) : (unsigned int)prefix);
}

/**
 * build_sp() - one policy message
 * @b: result
 * @type: SADB_X_SPDADD, SADB_X_SPDUPDATE or SADB_X_SPDDELETE
 * @spec: command
 * @dir: its direction, or IPSEC_DIR_FWD for the twin of an `in' policy
 * @src: one of its sources
 * @dst: one of its destinations, same family
 * @pid: for the header
 *
 * A twin asks for `require' where the original says `unique': the reqid of
 * the original belongs to the policy that got it.
 *
 * Return: 0 or -EMSGSIZE.
 */
int build_sp(struct pfkey_buf *b, unsigned int type, const struct sp_spec *spec, unsigned int dir,
	     const struct sockaddr_storage *src, const struct sockaddr_storage *dst, uint32_t pid)
{
	struct pfkey_request req;
	unsigned int i;

	pfkey_begin(b, type, SADB_SATYPE_UNSPEC, 0, pid);
	pfkey_put_policy(b, spec->type, dir, 0, spec->priority);
	for (i = 0; i < spec->requests; i++) {
		req = spec->request[i];
		if (dir != spec->dir && req.level == IPSEC_LEVEL_UNIQUE) {
			req.level = IPSEC_LEVEL_REQUIRE;
			req.reqid = 0;
		}
		pfkey_put_request(b, &req);
	}
	build_range(b, SADB_EXT_ADDRESS_SRC, src, spec->src_port, spec->proto, spec->src_prefix);
	build_range(b, SADB_EXT_ADDRESS_DST, dst, spec->dst_port, spec->proto, spec->dst_prefix);
	build_label(b, &spec->label);
	return pfkey_end(b);
}
