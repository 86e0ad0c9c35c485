// SPDX-License-Identifier: GPL-2.0
/*
 * show-sa: IKE SAs in racoonctl's columns, and the kernel's SAs as setkey -D
 * has them, but without their keys.
 */
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

static void sa_dump_one(void *arg, const struct pfkey_msg *msg)
{
	struct sa_dump *dump = arg;

	pfkey_text_sa(dump->out, msg, PFKEY_TEXT_NO_KEYS, time(NULL));
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
	struct sa_dump dump = { .out = out };
	int err;

	err = kern_dump(SADB_DUMP, pfkey_transform_satype(ctl_what_proto(what)), sa_dump_one, &dump);
	if (!err && !dump.n)
		fputs("No SAD entries.\n", out);
	return err;
}
