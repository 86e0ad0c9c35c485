// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer on the message parser and the printers behind it: whatever
 * pfkey_parse() accepts must be printable in every form.
 */
#include <stdlib.h>
#include <string.h>

#include "pfkey.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* The header would stop nearly every input: make it true, leave the rest. */
static void fuzz_header(struct sadb_msg *base, size_t size)
{
	base->sadb_msg_version = PF_KEY_V2;
	base->sadb_msg_len = size / 8;
}

/**
 * LLVMFuzzerTestOneInput() - one message
 * @data: bytes
 * @size: how many
 *
 * Return: 0.
 */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct pfkey_fault fault;
	struct pfkey_msg msg;
	static FILE *null;
	void *copy;

	if (!null)
		null = fopen("/dev/null", "w");
	size &= ~(size_t)7;
	if (size < sizeof(struct sadb_msg) || size > PFKEY_MSG_MAX)
		return 0;
	copy = malloc(size);
	if (!copy || !null)
		abort();
	memcpy(copy, data, size);
	fuzz_header(copy, size);
	if (!pfkey_parse(copy, size, &msg, &fault)) {
		pfkey_check_answer(&msg, &fault);
		pfkey_text_msg(null, &msg);
		pfkey_text_sa(null, &msg, PFKEY_TEXT_PORTS, 1700000000);
		pfkey_text_sa_line(null, &msg, 1700000000);
		if (pfkey_ext(&msg, SADB_EXT_ADDRESS_SRC) && pfkey_ext(&msg, SADB_EXT_ADDRESS_DST))
			pfkey_text_sp(null, &msg, PFKEY_TEXT_PORTS);
	}
	free(copy);
	return 0;
}
