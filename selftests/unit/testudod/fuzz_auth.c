// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz_auth - psk.txt, names and identities, and the questions to the keys process:
 * the first byte says which of them the rest is. Certificates are fuzz_cert's.
 */
#include <string.h>

#include "../fuzz/fuzz.h"
#include "auth/secrets.h"
#include "conf/source.h"
#include "fuzz_help.h"
#include "proc/keys.h"
#include "wire/dn.h"

static void nothing(void *arg, unsigned int line, const char *what)
{
	(void)arg;
	(void)line;
	(void)what;
}

/* whose key: the first byte says how he is called, the second how long that is */
static void who_of(struct reader *r, struct id *id, struct sockaddr_storage *addr)
{
	static const uint8_t types[] = { ID_FQDN, ID_USER_FQDN, ID_KEY_ID, ID_DN, ID_IPV4, ID_IPV6, 0 };
	uint8_t type = types[get_u8(r) % sizeof(types)];
	struct chunk name = get_some(r);
	char *text = xstrndup(name.n ? (const char *)name.p : "", name.n);

	if (type == ID_DN)
		id_from_dn_text(id, text);
	else if (type)
		id_set(id, type, name);
	if (!addr_parse(addr, text))
		addr_parse(addr, "192.0.2.1");
	free(text);
}

static struct chunk line_of(struct chunk text, unsigned int n)
{
	const uint8_t *end = memchr(text.p, '\n', text.n);

	while (--n) {
		text = chunk(end + 1, text.n - (end + 1 - text.p));
		end = memchr(text.p, '\n', text.n);
	}
	return chunk(text.p, end ? (size_t)(end - text.p) : text.n);
}

/* the line that the key is in says the same alone */
static void fuzz_psk(struct chunk input)
{
	struct blob key = { 0 }, again = { 0 };
	struct sockaddr_storage addr = { 0 };
	struct reader r = reader(input);
	unsigned int line, first;
	struct id id = { 0 };
	struct psk_who who = { .addr = &addr };
	struct chunk text;

	who_of(&r, &id, &addr);
	who.id = id.type ? &id : NULL;
	text = get_rest(&r);
	if (psk_find(text, &who, &key, &line)) {
		MUST(line && key.n);
		MUST(psk_find(line_of(text, line), &who, &again, &first) && first == 1);
		MUST(chunk_equal(blob_chunk(&key), blob_chunk(&again)));
	} else {
		MUST(!key.n);
	}
	psk_check(text, nothing, NULL);
	id_free(&id);
	blob_wipe(&key);
	blob_wipe(&again);
}

/* what is read from text must be shown so that it reads the same */
static void fuzz_dn(struct chunk text)
{
	char *s = xstrndup((const char *)text.p, text.n);
	struct blob der = { 0 };
	struct blob again = { 0 };
	char *buf = xcalloc(1, 1 << 16);

	if (dn_from_text(&der, s)) {
		dn_text(blob_chunk(&der), buf, 1 << 16);
		/* a longer value may be too long once it is UTF-8 */
		MUST(text.n >= 300 || dn_from_text(&again, buf));
		MUST(text.n >= 300 || dn_equal(blob_chunk(&der), blob_chunk(&again)));
	}
	dn_text(text, buf, 40);
	text_escape(text, ",", buf, 40);
	blob_free(&der);
	blob_free(&again);
	free(buf);
	free(s);
}

static void fuzz_id(struct chunk c)
{
	struct id id = { 0 };
	char buf[ID_TEXT];
	struct ts ts;

	if (!c.n)
		return;
	id_set(&id, c.p[0] & 15, chunk(c.p + 1, c.n - 1));
	id_valid(&id);
	id_text(&id, buf, sizeof(buf));
	id_equal(&id, &id);
	if (id_to_ts(id.type, blob_chunk(&id.data), 0, 0, &ts))
		id_from_ts(&id, &ts);
	id_free(&id);
}

/* what our own processes say to each other: whoever took one of them over writes it */
static void fuzz_between(struct chunk c)
{
	struct secrets_answer answer;
	struct keys_sign sign;
	struct chunk result;
	struct keys_psk psk;
	struct source src;

	keys_get_psk(c, &psk);
	keys_get_sign(c, &sign);
	if (keys_get_answer(c, &answer, &result))
		MUST(strlen(answer.sentence) < sizeof(answer.sentence));
	source_init(&src);
	source_unpack(&src, c);
	source_free(&src);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(struct chunk) = { fuzz_psk, fuzz_dn, fuzz_id, fuzz_between };

	if (size)
		kinds[data[0] % 4](chunk(data + 1, size - 1));
	return 0;
}
