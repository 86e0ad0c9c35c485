// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer on the command language: any bytes as a text, parsed, checked and
 * built into messages, never sent. Names are not looked up.
 */
#include <stdlib.h>
#include <string.h>

#include "setkey.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/**
 * LLVMFuzzerTestOneInput() - one text
 * @data: bytes
 * @size: how many
 *
 * Return: 0.
 */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct setkey sk = { .dry = true, .verbose = true, .hex = true, .numeric = true };
	static bool quiet;
	char *text = malloc(size + 1);
	struct cmd_list list;
	struct source src;

	if (!quiet)
		quiet = freopen("/dev/null", "w", stdout);
	if (!text || !quiet)
		abort();
	memcpy(text, data, size);
	source_init(&src, "fuzz", text, size, 1);
	cmd_parse(&src, &list);
	emit_list(&sk, &src, &list);
	source_free(&src);
	return 0;
}
