// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel module's counters as OpenMetrics, behind those of the daemon.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "testudoctl.h"

#define METRICS_LINES 256

/**
 * struct metrics_line - one counter of the module
 * @name: its name
 * @value: its value
 */
struct metrics_line {
	char name[64];
	uint64_t value;
};

/* Drop reasons are out_* and in_*; the others count what went well. */
static bool metrics_is_drop(const char *name)
{
	static const char *const good[] = { "out_packets", "in_packets" };
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!strcmp(name, good[i]))
			return false;
	return !strncmp(name, "out_", 4) || !strncmp(name, "in_", 3);
}

static size_t metrics_read(const char *path, struct metrics_line *line)
{
	FILE *in = fopen(path, "re");
	size_t n = 0;
	char *p;

	if (!in)
		return 0;
	while (n < METRICS_LINES &&
	       fscanf(in, "%63s %" SCNu64, line[n].name, &line[n].value) == 2) {
		for (p = line[n].name; *p; p++)
			if (!isalnum((unsigned char)*p))
				*p = '_';
		n++;
	}
	fclose(in);
	return n;
}

static void metrics_lines(FILE *out, const struct metrics_line *line, size_t n, bool drops)
{
	const char *name = drops ? "kernel_drops" : "kernel_events";
	const char *label = drops ? "reason" : "event";
	size_t i;

	fprintf(out, "# TYPE testudo_%s counter\n# HELP testudo_%s %s\n", name, name,
		drops ? "Packets dropped by the module, by reason." : "What the module has counted else.");
	for (i = 0; i < n; i++)
		if (metrics_is_drop(line[i].name) == drops)
			fprintf(out, "testudo_%s_total{%s=\"%s\"} %" PRIu64 "\n", name, label,
				line[i].name, line[i].value);
}

/**
 * metrics_kernel() - the module's counters, and the end of the text
 * @out: where to
 * @path: /proc/net/testudo_stat
 */
void metrics_kernel(FILE *out, const char *path)
{
	struct metrics_line line[METRICS_LINES];
	size_t n = metrics_read(path, line);

	if (n) {
		metrics_lines(out, line, n, true);
		metrics_lines(out, line, n, false);
	}
	fputs("# EOF\n", out);
}
