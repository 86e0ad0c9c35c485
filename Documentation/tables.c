// SPDX-License-Identifier: GPL-2.0
/*
 * tables - prints the tables of the documentation from the rows that the
 * module itself is made of. A program of the host; see Makefile.
 */
#include <linux/kernel.h>
#include <stdio.h>
#include <string.h>

#include <linux/pfkey_ext.h>

#include "alg/alg_table.h"
#include "base/drop.h"
#include "base/mib.h"

static void drop_row(const char *name, const char *text)
{
	printf("``%s``\n    %s\n\n", name, text);
}

static void print_drops(void)
{
#define X(sym, name, text) drop_row(name, text);
	IPSEC_DROP_REASONS(X)
	printf("Counters of what went well:\n\n");
	IPSEC_MIB_EVENTS(X)
#undef X
}

static const char *alg_kind(const struct ipsec_alg *alg)
{
	switch (alg->kind) {
	case IPSEC_ALG_AUTH:
		return "integrity";
	case IPSEC_ALG_ENC:
		return "encryption";
	case IPSEC_ALG_AEAD:
		return "both (AEAD)";
	}
	return "?";
}

static void alg_keys(char *buf, size_t size, const struct ipsec_alg *alg)
{
	unsigned int bits = alg->min_bits;
	int n = snprintf(buf, size, "%u", bits);

	while (alg->step_bits && (bits += alg->step_bits) <= alg->max_bits)
		n += snprintf(buf + n, size - n, ", %u", bits);
}

static void print_algs(void)
{
	const struct ipsec_alg *alg = NULL;
	char keys[64];

	printf(".. csv-table::\n"
	       "   :header: Algorithm, Does, PF_KEY id, Key bits, of these salt, IV, Block, ICV, Crypto API\n\n");
	while ((alg = ipsec_alg_next(alg))) {
		alg_keys(keys, sizeof(keys), alg);
		printf("   %s, %s, %u, \"%s\", %u, %u, %u, %u, ``%s``\n",
		       alg->name, alg_kind(alg), alg->id, keys, alg->salt * 8,
		       alg->iv, alg->block, alg->icv, alg->crypto);
	}
	printf("\n");
}

static const char *ext_name(unsigned int slot)
{
	switch (slot) {
#define X(type, name, body, min, rule) case PFKEY_SLOT(type): return name;
	PFKEY_EXT_TABLE(X)
#undef X
	}
	return "?";
}

static void print_set(__u32 need, __u32 may)
{
	unsigned int slot;
	bool any = false;

	for (slot = 1; slot < PFKEY_SLOTS; slot++) {
		__u32 bit = (__u32)1 << slot;

		if (!((need | may) & bit))
			continue;
		printf(need & bit ? "%s%s" : "%s[%s]", any ? " " : "",
		       ext_name(slot));
		any = true;
	}
	if (!any)
		printf("(base header only)");
	printf("\n");
}

static void msg_row(unsigned int type, const char *name, __u32 rn, __u32 rm,
		    __u32 an, __u32 am)
{
	printf("%s (%u)\n    request: ", name, type);
	print_set(rn, rm);
	printf("\n    answer: ");
	print_set(an, am);
	printf("\n");
}

static const char *len_rule(int rule)
{
	switch (rule) {
	case PFKEY_LEN_ADDR:
		return "exactly 24 (IPv4) or 40 (IPv6)";
	case PFKEY_LEN_KEY:
		return "at least what the bits need";
	case PFKEY_LEN_SEC_CTX:
		return "exactly what the context needs";
	case PFKEY_LEN_ARRAY:
		return "whole elements of 8";
	case PFKEY_LEN_REQUESTS:
		return "requests by their own lengths";
	}
	return "at least the minimum";
}

static void print_pfkey(void)
{
	printf("Messages\n========\n\n"
	       "An extension in brackets may be left out, and an answer carries it "
	       "only where it\nmakes sense: that of GETSPI has the SA and its "
	       "addresses. What is not named is\nchecked for its form and ignored.\n\n");
#define X(type, name, rn, rm, an, am) msg_row(type, name, rn, rm, an, am);
	PFKEY_MSG_TABLE(X)
#undef X
	printf("Extensions\n==========\n\n"
	       ".. csv-table::\n   :header: Extension, Type, Least bytes, Length\n\n");
#define X(type, name, body, min, rule) \
	printf("   %s, %u, %u, %s\n", name, type, min, len_rule(rule));
	PFKEY_EXT_TABLE(X)
#undef X
	printf("\n");
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";

	if (!strcmp(what, "drop-reasons"))
		print_drops();
	else if (!strcmp(what, "algorithms"))
		print_algs();
	else if (!strcmp(what, "pfkey"))
		print_pfkey();
	else
		return 1;
	return 0;
}
