// SPDX-License-Identifier: GPL-2.0
/*
 * Commands to the kernel: check the whole list first, then send it one command
 * after the other and wait for the one answer that each has. Prints nothing of
 * an answer itself and never goes past the first error of a file.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "setkey.h"

/**
 * struct emit - one list on its way
 * @sk: run
 * @src: text, NULL for -D and -F
 * @cmd: command being sent, NULL likewise
 * @buf: message under construction
 * @hint: what EINVAL may be about, NULL if nothing is known
 * @answer: last answer, valid until the next request
 */
struct emit {
	struct setkey *sk;
	struct source *src;
	const struct cmd *cmd;
	struct pfkey_buf buf;
	const char *hint;
	struct pfkey_msg answer;
};

/* ---- the `fwd' twins that this run has made ---- */

/** enum emit_twin_state - what this run did with the twin of a selector */
enum emit_twin_state {
	TWIN_NONE,	/* nothing, or a `fwd' of the text's own took its place */
	TWIN_MADE,
	TWIN_DELETED,
};

/**
 * struct emit_twin - a selector
 * @hash: of the selector; 0 is a free slot
 * @state: its twin
 */
struct emit_twin {
	uint64_t hash;
	enum emit_twin_state state;
};

/**
 * struct emit_twins - the selectors, open addressing
 * @slot: slots
 * @size: number of slots, a power of two
 * @used: slots taken
 */
static struct emit_twins {
	struct emit_twin *slot;
	size_t size;
	size_t used;
} emit_twins;

/* FNV-1a over the two address extensions, which are the selector. */
static uint64_t emit_selector_hash(const struct pfkey_buf *b)
{
	uint64_t hash = 0xcbf29ce484222325u;
	const struct sadb_ext *ext;
	size_t off, i;

	for (off = sizeof(struct sadb_msg); off < b->len; off += ext->sadb_ext_len * 8u) {
		ext = (const struct sadb_ext *)(b->data + off);
		if (ext->sadb_ext_type != SADB_EXT_ADDRESS_SRC &&
		    ext->sadb_ext_type != SADB_EXT_ADDRESS_DST)
			continue;
		for (i = 0; i < ext->sadb_ext_len * 8u; i++)
			hash = (hash ^ b->data[off + i]) * 0x100000001b3u;
	}
	return hash ? hash : 1;
}

/* The slot of @hash, or the free one where it belongs. */
static struct emit_twin *emit_twin_slot(uint64_t hash)
{
	size_t i = hash & (emit_twins.size - 1);

	while (emit_twins.slot[i].hash && emit_twins.slot[i].hash != hash)
		i = (i + 1) & (emit_twins.size - 1);
	return &emit_twins.slot[i];
}

static enum emit_twin_state emit_twin_state(const struct pfkey_buf *b)
{
	return emit_twins.size ? emit_twin_slot(emit_selector_hash(b))->state : TWIN_NONE;
}

/* Without memory a twin is forgotten; a later `fwd' for it is then refused as a duplicate. */
static void emit_twin_note(const struct pfkey_buf *b, enum emit_twin_state state)
{
	struct emit_twins old = emit_twins;
	uint64_t hash = emit_selector_hash(b);
	struct emit_twin *slot;
	size_t i;

	if (old.used * 2 >= old.size) {
		emit_twins.size = old.size ? old.size * 2 : 256;
		emit_twins.slot = calloc(emit_twins.size, sizeof(*emit_twins.slot));
		if (!emit_twins.slot) {
			emit_twins = old;
			return;
		}
		for (i = 0; i < old.size; i++)
			if (old.slot[i].hash)
				*emit_twin_slot(old.slot[i].hash) = old.slot[i];
		free(old.slot);
	}
	slot = emit_twin_slot(hash);
	emit_twins.used += !slot->hash;
	*slot = (struct emit_twin){ .hash = hash, .state = state };
}

/* No policy is left, so none is a twin. */
static void emit_twins_forget(void)
{
	free(emit_twins.slot);
	emit_twins = (struct emit_twins){ 0 };
}

/* ---- one request, one answer ---- */

static void emit_refused(struct emit *e, const char *why)
{
	e->sk->refused = true;
	if (e->src) {
		source_refused(e->src, e->cmd->at, "%.*s: %s", SPAN_ARG(e->src, e->cmd->verb), why);
		return;
	}
	fflush(stdout);
	fprintf(stderr, "setkey: %s\n", why);
}

static const char *emit_io_error(int err)
{
	switch (err) {
	case -ETIMEDOUT:
		return "the kernel did not answer";
	case -EBADMSG:
		return "the kernel's answer is malformed";
	default:
		return strerror(-err);
	}
}

/*
 * Send e->buf and read the answer, all of it for a dump. Returns 0 or the
 * errno of a refusal, which has been reported unless it is @quiet.
 */
static int emit_send(struct emit *e, int quiet)
{
	unsigned int type = ((struct sadb_msg *)e->buf.data)->sadb_msg_type;
	bool dump = type == SADB_DUMP || type == SADB_X_SPDDUMP;
	struct setkey *sk = e->sk;
	int err;

	if (sk->verbose || sk->hex)
		show_request(sk, &e->buf);
	if (sk->dry)
		return 0;
	err = pfkey_send(&sk->sock, &e->buf);
	do {
		if (!err)
			err = pfkey_await(&sk->sock, type, &e->answer);
		if (err) {
			emit_refused(e, emit_io_error(err));
			return -err;
		}
		show_traffic(sk, &e->answer);
		err = e->answer.base->sadb_msg_errno;
		if (err) {
			if (err != quiet)
				emit_refused(e, show_errno(type, err, e->hint));
			return err;
		}
		show_answer(sk, &e->answer);
	} while (dump && e->answer.base->sadb_msg_seq);
	return 0;
}

/* An empty table is an answer, not a refusal. */
static void emit_dump(struct emit *e, unsigned int type, unsigned int satype)
{
	pfkey_begin(&e->buf, type, satype, 0, e->sk->sock.pid);
	/* asks for what struct sadb_sa cannot say; af_key skips it */
	if (type == SADB_DUMP)
		pfkey_put(&e->buf, SADB_X_EXT_TESTUDO_SA, sizeof(struct sadb_x_testudo_sa));
	pfkey_end(&e->buf);
	if (emit_send(e, ENOENT) == ENOENT)
		printf("No %s entries.\n", type == SADB_DUMP ? "SAD" : "SPD");
}

static void emit_plain(struct emit *e, unsigned int type, unsigned int satype)
{
	pfkey_begin(&e->buf, type, satype, 0, e->sk->sock.pid);
	pfkey_end(&e->buf);
	if (!emit_send(e, 0) && type == SADB_X_SPDFLUSH)
		emit_twins_forget();
}

/* ---- SA commands ---- */

/*
 * A kernel that skipped our extension has made another SA than was asked for,
 * without ESN, say, or with a narrow window. Take it back rather than let it run.
 */
static void emit_insist(struct emit *e, const struct sa_spec *spec,
			const struct sockaddr_storage *src, const struct sockaddr_storage *dst)
{
	if (e->sk->dry || !spec->ours || pfkey_ext(&e->answer, SADB_X_EXT_TESTUDO_SA))
		return;
	emit_refused(e, "this kernel knows neither -f esn nor -f align8 nor -f dfset nor -seq nor -r above 255; the SA is deleted again");
	if (!build_sa(&e->buf, CMD_DELETE, spec, src, dst, e->sk->sock.pid))
		emit_send(e, 0);
}

/* Tell the SPI that the kernel chose: no other command could find it out. */
static void emit_tell_spi(struct emit *e, const struct sa_spec *spec,
			  const struct sockaddr_storage *src, const struct sockaddr_storage *dst)
{
	const struct sadb_sa *sa;
	char a[PFKEY_ADDR_TEXT], b[PFKEY_ADDR_TEXT];
	uint32_t spi;

	if (e->sk->dry || spec->spi)
		return;
	sa = pfkey_ext(&e->answer, SADB_EXT_SA);
	if (!sa)
		return;
	spi = ntohl(sa->sadb_sa_spi);
	printf("%s %s \n\t%s spi=%u(0x%08x)\n", pfkey_addr_text(src, a, sizeof(a)),
	       pfkey_addr_text(dst, b, sizeof(b)), pfkey_satype_name(spec->satype), spi, spi);
}

/* Linux refuses one kind of limit without the other, and says no more than EINVAL. */
static const char *emit_sa_hint(enum cmd_kind kind, const struct sa_spec *spec)
{
	if (kind != CMD_ADD && kind != CMD_UPDATE)
		return NULL;
	if (build_limited(&spec->hard) == build_limited(&spec->soft))
		return NULL;
	return "Linux takes hard limits only together with soft ones: -lh with -ls, -bh with -bs, -ph with -ps";
}

static void emit_sa_pair(struct emit *e, const struct sa_spec *spec,
			 const struct sockaddr_storage *src, const struct sockaddr_storage *dst)
{
	int err;

	if (build_sa(&e->buf, e->cmd->kind, spec, src, dst, e->sk->sock.pid)) {
		emit_refused(e, "the message is too long");
		return;
	}
	e->hint = emit_sa_hint(e->cmd->kind, spec);
	err = emit_send(e, 0);
	e->hint = NULL;
	if (err)
		return;
	if (e->cmd->kind == CMD_GETSPI)
		emit_tell_spi(e, spec, src, dst);
	if (e->cmd->kind == CMD_ADD || e->cmd->kind == CMD_UPDATE)
		emit_insist(e, spec, src, dst);
}

static bool emit_same_sa(const struct pfkey_msg *msg, const struct sa_spec *spec,
			 const struct sockaddr_storage *src, const struct sockaddr_storage *dst)
{
	struct sockaddr_storage a, b;

	pfkey_get_address(msg, SADB_EXT_ADDRESS_SRC, &a);
	pfkey_get_address(msg, SADB_EXT_ADDRESS_DST, &b);
	return msg->base->sadb_msg_satype == spec->satype && pfkey_ext(msg, SADB_EXT_SA) &&
	       pfkey_addr_same_host(&a, src) && pfkey_addr_same_host(&b, dst);
}

/* The SPIs of all SAs between two hosts, in host order; NULL with *@count 0 when there are none. */
static uint32_t *emit_grep_spis(struct emit *e, const struct sa_spec *spec,
				const struct sockaddr_storage *src,
				const struct sockaddr_storage *dst, size_t *count)
{
	const struct sadb_sa *sa;
	uint32_t *spis = NULL, *more;
	size_t room = 0;
	int err;

	*count = 0;
	err = pfkey_send(&e->sk->sock, &e->buf);
	do {
		if (!err)
			err = pfkey_await(&e->sk->sock, SADB_DUMP, &e->answer);
		if (err) {
			emit_refused(e, emit_io_error(err));
			break;
		}
		if (e->answer.base->sadb_msg_errno) {
			if (e->answer.base->sadb_msg_errno != ENOENT)
				emit_refused(e, show_errno(SADB_DUMP,
							   e->answer.base->sadb_msg_errno,
							   NULL));
			break;
		}
		if (!emit_same_sa(&e->answer, spec, src, dst))
			continue;
		if (*count == room) {
			room = room ? room * 2 : 64;
			more = realloc(spis, room * sizeof(*spis));
			if (!more) {
				emit_refused(e, "out of memory");
				break;
			}
			spis = more;
		}
		sa = pfkey_ext(&e->answer, SADB_EXT_SA);
		spis[(*count)++] = ntohl(sa->sadb_sa_spi);
	} while (e->answer.base->sadb_msg_seq);
	return spis;
}

/* Linux has no DELETE without an SPI: dump, then delete what fits. */
static void emit_deleteall_pair(struct emit *e, struct sa_spec *spec,
				const struct sockaddr_storage *src,
				const struct sockaddr_storage *dst)
{
	uint32_t *spis;
	size_t i, count;

	pfkey_begin(&e->buf, SADB_DUMP, spec->satype, 0, e->sk->sock.pid);
	pfkey_end(&e->buf);
	if (e->sk->verbose || e->sk->hex)
		show_request(e->sk, &e->buf);
	if (e->sk->dry)
		return;
	spis = emit_grep_spis(e, spec, src, dst, &count);
	for (i = 0; i < count; i++) {
		spec->spi = spis[i];
		if (!build_sa(&e->buf, CMD_DELETE, spec, src, dst, e->sk->sock.pid))
			emit_send(e, ESRCH);
	}
	free(spis);
}

/* Every source with every destination of its family. */
static void emit_sa(struct emit *e)
{
	struct sa_spec spec;
	unsigned int i, j;

	if (!check_sa(e->sk, e->src, e->cmd, &spec))
		return;
	for (i = 0; i < spec.src.count; i++) {
		for (j = 0; j < spec.dst.count; j++) {
			if (spec.src.addr[i].ss_family != spec.dst.addr[j].ss_family)
				continue;
			if (e->cmd->kind == CMD_DELETEALL)
				emit_deleteall_pair(e, &spec, &spec.src.addr[i], &spec.dst.addr[j]);
			else
				emit_sa_pair(e, &spec, &spec.src.addr[i], &spec.dst.addr[j]);
		}
	}
	explicit_bzero(&spec, sizeof(spec));
	explicit_bzero(e->buf.data, e->buf.len);
}

/* ---- policy commands ---- */

/*
 * Linux looks up forwarded packets under `fwd', which RFC 4301 does not have:
 * repeat what was said about `in'. A twin that is there already, or gone
 * already, is no fault of the command.
 */
static void emit_twin(struct emit *e, const struct sp_spec *spec,
		      const struct sockaddr_storage *src, const struct sockaddr_storage *dst)
{
	unsigned int type = build_type(e->cmd->kind);
	int quiet = type == SADB_X_SPDDELETE ? ENOENT : EEXIST;
	int err;

	if (build_sp(&e->buf, type, spec, IPSEC_DIR_FWD, src, dst, e->sk->sock.pid))
		return;
	err = emit_send(e, quiet);
	if (!err)
		emit_twin_note(&e->buf, type == SADB_X_SPDDELETE ? TWIN_DELETED : TWIN_MADE);
	if (err == EEXIST && quiet == EEXIST)
		source_warn(e->src, e->cmd->at, "there is a fwd policy for this selector already; it is left as it is");
}

/*
 * A file that says `fwd' itself means it: what it adds takes the place of a
 * twin, once, and a twin that went with its `in' policy was deleted as asked.
 */
static int emit_fwd(struct emit *e)
{
	struct sadb_msg *base = (struct sadb_msg *)e->buf.data;
	enum emit_twin_state state = emit_twin_state(&e->buf);
	int quiet = 0, err;

	if (base->sadb_msg_type == SADB_X_SPDADD && state == TWIN_MADE)
		base->sadb_msg_type = SADB_X_SPDUPDATE;
	if (base->sadb_msg_type == SADB_X_SPDDELETE && state == TWIN_DELETED)
		quiet = ENOENT;
	err = emit_send(e, quiet);
	if (state != TWIN_NONE && (!err || err == quiet))
		emit_twin_note(&e->buf, TWIN_NONE);
	return err;
}

static void emit_sp_pair(struct emit *e, const struct sp_spec *spec,
			 const struct sockaddr_storage *src, const struct sockaddr_storage *dst)
{
	int err;

	if (build_sp(&e->buf, build_type(e->cmd->kind), spec, spec->dir, src, dst,
		     e->sk->sock.pid)) {
		emit_refused(e, "the message is too long");
		return;
	}
	err = spec->dir == IPSEC_DIR_FWD ? emit_fwd(e) : emit_send(e, 0);
	/* what the kernel did not like about `in' it will not like about `fwd' either */
	if (err && err != EEXIST && err != ENOENT)
		return;
	if (spec->dir == IPSEC_DIR_INBOUND && !e->sk->kernel_mode)
		emit_twin(e, spec, src, dst);
}

static void emit_sp(struct emit *e)
{
	struct sp_spec spec;
	unsigned int i, j;

	if (!check_sp(e->sk, e->src, e->cmd, &spec))
		return;
	if (e->cmd->kind == CMD_SPDGET) {
		pfkey_begin(&e->buf, SADB_X_SPDGET, SADB_SATYPE_UNSPEC, 0, e->sk->sock.pid);
		pfkey_put_policy(&e->buf, 0, 0, spec.id, 0);
		pfkey_end(&e->buf);
		emit_send(e, 0);
		return;
	}
	for (i = 0; i < spec.src.count; i++)
		for (j = 0; j < spec.dst.count; j++)
			if (spec.src.addr[i].ss_family == spec.dst.addr[j].ss_family)
				emit_sp_pair(e, &spec, &spec.src.addr[i], &spec.dst.addr[j]);
}

/* ---- lists ---- */

/* Does @kind work on the SPD with arguments of its own? */
static bool emit_is_sp(enum cmd_kind kind)
{
	return kind == CMD_SPDADD || kind == CMD_SPDUPDATE || kind == CMD_SPDDELETE ||
	       kind == CMD_SPDGET;
}

static void emit_check(struct setkey *sk, struct source *src, const struct cmd *cmd)
{
	struct sa_spec sa;
	struct sp_spec sp;
	uint8_t satype;
	bool natt;

	switch (cmd->kind) {
	case CMD_FLUSH:
	case CMD_DUMP:
		check_satype(src, cmd->proto, &satype, &natt);
		break;
	case CMD_SPDFLUSH:
	case CMD_SPDDUMP:
	case CMD_EXIT:
		break;
	default:
		if (emit_is_sp(cmd->kind))
			check_sp(sk, src, cmd, &sp);
		else
			check_sa(sk, src, cmd, &sa);
		explicit_bzero(&sa, sizeof(sa));
		break;
	}
}

static void emit_one(struct emit *e)
{
	enum cmd_kind kind = e->cmd->kind;
	uint8_t satype = 0;
	bool natt;

	if (emit_is_sp(kind)) {
		emit_sp(e);
		return;
	}
	switch (kind) {
	case CMD_FLUSH:
	case CMD_DUMP:
		check_satype(e->src, e->cmd->proto, &satype, &natt);
		break;
	case CMD_SPDFLUSH:
	case CMD_SPDDUMP:
		break;
	default:
		emit_sa(e);
		return;
	}
	if (kind == CMD_DUMP || kind == CMD_SPDDUMP)
		emit_dump(e, build_type(kind), satype);
	else
		emit_plain(e, build_type(kind), satype);
}

static void emit_until_error(struct emit *e, const struct cmd_list *list)
{
	const struct cmd *cmd;

	for (cmd = list->first; cmd; cmd = cmd->next)
		emit_check(e->sk, e->src, cmd);
	for (cmd = list->first; cmd; cmd = cmd->next) {
		if (cmd->at.off + cmd->at.len > e->src->first_error)
			return;
		if (cmd->kind == CMD_EXIT) {
			e->sk->quit = true;
			return;
		}
		e->cmd = cmd;
		emit_one(e);
	}
}

/* -c: where a text ends depends on who writes it, so each command stands for itself. */
static void emit_each(struct emit *e, const struct cmd_list *list)
{
	const struct cmd *cmd;
	unsigned int errors;

	for (cmd = list->first; cmd; cmd = cmd->next) {
		if (cmd->kind == CMD_EXIT) {
			e->sk->quit = true;
			return;
		}
		errors = e->src->errors;
		emit_check(e->sk, e->src, cmd);
		if (e->src->errors != errors)
			continue;
		e->cmd = cmd;
		emit_one(e);
	}
}

/**
 * emit_list() - check a list and send it: up to its first error, with -c all
 * commands that are right
 * @sk: run
 * @src: text of the list; its errors are counted there
 * @list: commands
 *
 * A refusal by the kernel does not stop the list, as it never did in setkey.
 */
void emit_list(struct setkey *sk, struct source *src, const struct cmd_list *list)
{
	struct emit e = { .sk = sk, .src = src };

	if (sk->stream)
		emit_each(&e, list);
	else
		emit_until_error(&e, list);
	resolve_forget_failures();
}

/**
 * emit_short() - send one message that has a header only, as -D and -F do
 * @sk: run
 * @type: SADB_DUMP, SADB_X_SPDDUMP, SADB_FLUSH or SADB_X_SPDFLUSH
 *
 * Return: true if the kernel did it; an empty table counts.
 */
bool emit_short(struct setkey *sk, unsigned int type)
{
	struct emit e = { .sk = sk };

	if (type == SADB_DUMP || type == SADB_X_SPDDUMP)
		emit_dump(&e, type, SADB_SATYPE_UNSPEC);
	else
		emit_plain(&e, type, SADB_SATYPE_UNSPEC);
	return !sk->refused;
}

static void emit_take_offer(struct sadb_alg *table, const struct sadb_supported *sup)
{
	const struct sadb_alg *alg;
	size_t n;

	if (!sup)
		return;
	n = (sup->sadb_supported_len * 8u - sizeof(*sup)) / sizeof(*alg);
	for (alg = (const struct sadb_alg *)(sup + 1); n--; alg++)
		table[alg->sadb_alg_id] = *alg;
}

/**
 * emit_offer() - ask the kernel what algorithms it has
 * @sk: run; @sk->offer is the result
 *
 * REGISTER of SA type 0 answers with the lists and registers nothing. A kernel
 * that says nothing is left to judge by itself.
 */
void emit_offer(struct setkey *sk)
{
	struct pfkey_msg msg;
	struct pfkey_buf buf;

	pfkey_begin(&buf, SADB_REGISTER, SADB_SATYPE_UNSPEC, 0, sk->sock.pid);
	pfkey_end(&buf);
	if (pfkey_send(&sk->sock, &buf) || pfkey_await(&sk->sock, SADB_REGISTER, &msg) ||
	    msg.base->sadb_msg_errno)
		return;
	emit_take_offer(sk->offer.auth, pfkey_ext(&msg, SADB_EXT_SUPPORTED_AUTH));
	emit_take_offer(sk->offer.enc, pfkey_ext(&msg, SADB_EXT_SUPPORTED_ENCRYPT));
	sk->offer.known = pfkey_ext(&msg, SADB_EXT_SUPPORTED_AUTH) &&
			  pfkey_ext(&msg, SADB_EXT_SUPPORTED_ENCRYPT);
}
