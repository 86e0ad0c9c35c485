// SPDX-License-Identifier: GPL-2.0
/*
 * Asking the keys process, and the bytes of questions and answers. A question
 * waits for its answer: an RSA signature takes a millisecond, and nothing of the
 * exchange could go on without it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "proc/keys.h"

/* who died is noticed at once; who has to wait for a CPU or for memory takes seconds */
#define ANSWER_MS 10000

/**
 * struct keys_client - the way to the keys process
 * @fd: socket, -1: there is none
 * @id: number of the last question
 */
struct keys_client {
	int fd;
	uint32_t id;
};

/* ---- bytes ---- */

void keys_put_psk(struct writer *w, const struct keys_psk *q)
{
	put_u8(w, q->use);
	put_be16(w, q->prf);
	put_u8(w, q->id.type);
	put_be16(w, (uint16_t)q->id.data.n);
	put_bytes(w, blob_chunk(&q->id.data));
	put_u8(w, (uint8_t)q->addr.n);
	put_bytes(w, q->addr);
	put_bytes(w, q->data);
}

bool keys_get_psk(struct chunk body, struct keys_psk *q)
{
	struct reader r = reader(body);
	struct chunk id;

	q->use = get_u8(&r);
	q->prf = get_be16(&r);
	q->id.type = get_u8(&r);
	id = get_bytes(&r, get_be16(&r));
	q->id.data = (struct blob){ (uint8_t *)id.p, id.n };
	q->addr = get_bytes(&r, get_u8(&r));
	q->data = get_rest(&r);
	return !r.failed && q->use <= PSK_AUTH &&
	       (!q->addr.n || q->addr.n == 4 || q->addr.n == 16);
}

void keys_put_sign(struct writer *w, const struct keys_sign *q)
{
	put_u8(w, q->scheme);
	put_be16(w, (uint16_t)q->remote.n);
	put_bytes(w, q->remote);
	put_be16(w, (uint16_t)q->file.n);
	put_bytes(w, q->file);
	put_bytes(w, q->tbs);
}

bool keys_get_sign(struct chunk body, struct keys_sign *q)
{
	struct reader r = reader(body);

	q->scheme = get_u8(&r);
	q->remote = get_bytes(&r, get_be16(&r));
	q->file = get_bytes(&r, get_be16(&r));
	q->tbs = get_rest(&r);
	return !r.failed && q->scheme < SIG_SCHEMES;
}

void keys_put_answer(struct writer *w, const struct secrets_answer *answer, struct chunk result)
{
	struct chunk sentence = chunk_str(answer->sentence);

	put_u8(w, (uint8_t)answer->error);
	put_be16(w, (uint16_t)sentence.n);
	put_bytes(w, sentence);
	put_bytes(w, result);
}

bool keys_get_answer(struct chunk body, struct secrets_answer *answer, struct chunk *result)
{
	struct reader r = reader(body);
	unsigned int error = get_u8(&r);
	struct chunk sentence = get_bytes(&r, get_be16(&r));

	*result = get_rest(&r);
	if (r.failed || error > SECRETS_GONE || sentence.n >= sizeof(answer->sentence))
		return false;
	answer->error = error;
	memcpy(answer->sentence, sentence.p, sentence.n);
	answer->sentence[sentence.n] = '\0';
	return true;
}

/* ---- questions ---- */

struct keys_client *keys_client_new(int fd)
{
	struct keys_client *k = xcalloc(1, sizeof(*k));

	k->fd = fd;
	return k;
}

void keys_client_replace(struct keys_client *k, int fd)
{
	if (k->fd >= 0)
		close(k->fd);
	k->fd = fd;
}

void keys_client_free(struct keys_client *k)
{
	if (!k)
		return;
	keys_client_replace(k, -1);
	free(k);
}

static bool fail(struct secrets_answer *answer, const char *what)
{
	answer->error = SECRETS_GONE;
	snprintf(answer->sentence, sizeof(answer->sentence), "the keys process %s", what);
	return false;
}

/* @reply is the caller's to free, whatever comes of it */
static bool ask(struct keys_client *k, uint32_t type, struct chunk body, struct imsg *reply,
		struct secrets_answer *answer, struct chunk *result)
{
	const struct imsg_call call = {
		.type = type,
		.id = ++k->id,
		.body = body,
		.answer = IMSG_ANSWER,
		.ms = ANSWER_MS,
	};
	int n;

	if (k->fd < 0)
		return fail(answer, "is not there; the monitor starts it again");
	n = imsg_call(k->fd, &call, reply);
	if (n == 1 && keys_get_answer(blob_chunk(&reply->body), answer, result))
		return answer->error == SECRETS_OK;
	if (n <= 0 && n != -ETIMEDOUT && n != -EMSGSIZE)
		keys_client_replace(k, -1);
	return fail(answer, n == -ETIMEDOUT ? "does not answer" : "gave no answer");
}

bool keys_client_psk(void *arg, const struct psk_who *who, enum psk_use use, const struct alg *prf,
		     struct chunk data, uint8_t *out, struct secrets_answer *answer)
{
	struct keys_psk q = { .use = (uint8_t)use, .prf = prf->v2, .data = data };
	struct imsg reply = { .fd = -1 };
	struct writer w = { 0 };
	struct chunk result;
	bool ok;

	if (who->id)
		q.id = *who->id;
	if (who->addr)
		q.addr = addr_bytes(who->addr);
	if (q.id.data.n > UINT16_MAX)
		return fail(answer, "takes no identity of that length");
	keys_put_psk(&w, &q);
	ok = ask(arg, IMSG_PSK, writer_chunk(&w), &reply, answer, &result);
	writer_free(&w);
	if (ok && result.n != prf->out)
		ok = fail(answer, "gave no answer that fits the PRF");
	if (ok)
		memcpy(out, result.p, result.n);
	imsg_free(&reply);
	return ok;
}

bool keys_client_sign(void *arg, const struct conf_remote *remote, enum sig_scheme scheme,
		      struct chunk tbs, struct blob *sig, struct secrets_answer *answer)
{
	const char *file = remote->plain_rsa ? remote->plain_rsa : remote->key;
	struct keys_sign q = {
		.scheme = (uint8_t)scheme,
		.remote = chunk_str(remote->name),
		.file = chunk_str(file ? file : ""),
		.tbs = tbs,
	};
	struct imsg reply = { .fd = -1 };
	struct writer w = { 0 };
	struct chunk result;
	bool ok;

	if (!file) {
		answer->error = SECRETS_NO_FILE;
		snprintf(answer->sentence, sizeof(answer->sentence),
			 "remote %s has no private key: name one with certificate_type", remote->name);
		return false;
	}
	keys_put_sign(&w, &q);
	ok = ask(arg, IMSG_SIGN, writer_chunk(&w), &reply, answer, &result);
	writer_free(&w);
	if (ok)
		blob_set(sig, result);
	imsg_free(&reply);
	return ok;
}
