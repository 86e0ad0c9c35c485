// SPDX-License-Identifier: GPL-2.0
/*
 * show-sa: IKE SAs in racoonctl's columns, and the kernel's SAs as setkey -D
 * has them, but without their keys.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kern.h"
#include "testudoctl.h"

/* "10.0.0.2[500]" as racoonctl writes it: "10.0.0.2.500" */
static void sa_dotted(const char *text, char buf[96])
{
	const char *bracket = strrchr(text, '[');
	size_t n = bracket ? strcspn(bracket + 1, "]") : 0;

	if (bracket)
		snprintf(buf, 96, "%.*s.%.*s", (int)(bracket - text), text, (int)n, bracket + 1);
	else
		snprintf(buf, 96, "%s", text);
}

/**
 * sa_print_isakmp() - IKE SAs
 * @out: where to
 * @answer: the daemon's
 * @more: source, state, side and version too
 */
void sa_print_isakmp(FILE *out, const json_t *answer, bool more)
{
	const json_t *sas = json_object_get(answer, "isakmp"), *sa;
	char src[96], dst[96], when[32];
	size_t i;

	if (more)
		fprintf(out, "%-22s ", "Source");
	fprintf(out, "%-22s %-33s ", "Destination", "Cookies");
	if (more)
		fprintf(out, "%-11s %s %s ", "ST", "S", "V");
	fprintf(out, "Created\n");
	json_array_foreach(sas, i, sa)
	{
		sa_dotted(out_str(sa, "local"), src);
		sa_dotted(out_str(sa, "remote"), dst);
		if (more)
			fprintf(out, "%-22s ", src);
		fprintf(out, "%-22s %s:%s ", dst, out_str(sa, "spi_i"), out_str(sa, "spi_r"));
		if (more)
			fprintf(out, "%-11s %c %d ", out_str(sa, "state"),
				json_is_true(json_object_get(sa, "initiator")) ? 'I' : 'R',
				(int)out_int(sa, "version", 0));
		fprintf(out, "%s\n", out_time(out_int(sa, "created", 0), when));
	}
}

/**
 * sa_print_tunnels() - child SAs by the daemon's word
 * @out: where to
 * @answer: the daemon's
 */
void sa_print_tunnels(FILE *out, const json_t *answer)
{
	const json_t *tunnels = json_object_get(answer, "tunnels"), *tunnel, *sas, *sa;
	struct out_table t = { .columns = 8 };
	size_t i, j;

	out_cell(&t, "SA");
	out_cell(&t, "SOURCE");
	out_cell(&t, "DESTINATION");
	out_cell(&t, "SPI IN");
	out_cell(&t, "SPI OUT");
	out_cell(&t, "REQID");
	out_cell(&t, "ALGORITHMS");
	out_cell(&t, "STATE");
	json_array_foreach(tunnels, i, tunnel)
	{
		sas = json_object_get(tunnel, "sas");
		json_array_foreach(sas, j, sa)
		{
			out_cell(&t, "%s/%s", out_str(sa, "protocol"), out_str(sa, "mode"));
			out_cell(&t, "%s", out_str(sa, "src"));
			out_cell(&t, "%s", out_str(sa, "dst"));
			out_cell(&t, "%s", out_str(sa, "spi_in"));
			out_cell(&t, "%s", out_str(sa, "spi_out"));
			out_cell(&t, "%d", (int)out_int(sa, "reqid", 0));
			out_cell(&t, "%s %s", out_str(sa, "encryption"), out_str(sa, "authentication"));
			out_cell(&t, "%s", out_str(tunnel, "state"));
		}
	}
	out_table(out, &t, "");
}

/**
 * struct sa_dump - where SAs go
 * @out: where to
 * @n: how many so far
 */
struct sa_dump {
	FILE *out;
	unsigned int n;
};

/* The bits of a key, which are no secret; the key itself is wiped where it lies. */
static unsigned int sa_hide(const struct pfkey_msg *msg, unsigned int type)
{
	/* what pfkey_parse() points to is our own receive buffer */
	struct sadb_key *key = (struct sadb_key *)(uintptr_t)pfkey_ext(msg, type);
	unsigned int bits;

	if (!key)
		return 0;
	bits = key->sadb_key_bits;
	explicit_bzero(key + 1, key->sadb_key_len * 8 - sizeof(*key));
	key->sadb_key_bits = 0;
	return bits;
}

/* setkey's text, where "	E: aes-cbc " gets the length in place of the key. */
static void sa_print(FILE *out, const char *text, unsigned int encr, unsigned int auth)
{
	const char *end;
	unsigned int bits;

	for (; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		fwrite(text, 1, end - text, out);
		bits = !strncmp(text, "\tE: ", 4) ? encr : !strncmp(text, "\tA: ", 4) ? auth
										      : 0;
		if (bits)
			fprintf(out, "(key of %u bits)", bits);
		fputc('\n', out);
	}
}

static void sa_dump_one(void *arg, const struct pfkey_msg *msg)
{
	unsigned int encr = sa_hide(msg, SADB_EXT_KEY_ENCRYPT);
	unsigned int auth = sa_hide(msg, SADB_EXT_KEY_AUTH);
	struct sa_dump *dump = arg;
	char *text = NULL;
	size_t len;
	FILE *mem;

	mem = open_memstream(&text, &len);
	if (!mem)
		return;
	pfkey_text_sa(mem, msg, 0, time(NULL));
	fclose(mem);
	sa_print(dump->out, text, encr, auth);
	free(text);
	dump->n++;
}

/**
 * sa_print_kernel() - the kernel's SAs
 * @out: where to
 * @what: which
 *
 * Return: 0, or the negative errno of opening PF_KEY: -EPERM for who may not
 * see keys.
 */
int sa_print_kernel(FILE *out, enum ctl_what what)
{
	static const uint8_t protos[CTL_WHATS] = {
		[CTL_ESP] = IPPROTO_ESP,
		[CTL_AH] = IPPROTO_AH,
		[CTL_IPCOMP] = IPPROTO_COMP,
	};
	struct sa_dump dump = { .out = out };
	struct pfkey_sock sock;
	int err;

	err = pfkey_sock_open(&sock);
	if (err)
		return err;
	err = kern_dump(&sock, SADB_DUMP, kern_satype(protos[what]), sa_dump_one, &dump);
	pfkey_sock_close(&sock);
	if (!err && !dump.n)
		fputs("No SAD entries.\n", out);
	return err;
}
