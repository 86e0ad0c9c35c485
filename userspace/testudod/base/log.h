/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The log: levels as racoon.conf names them, to stderr, a file or syslog. A
 * secret has no business here at any level: nothing prints keys, so no format
 * for raw bytes exists but log_hex_public().
 */
#ifndef TESTUDOD_BASE_LOG_H
#define TESTUDOD_BASE_LOG_H

#include <stdbool.h>

#include "base/bytes.h"

/** enum log_level - how much is told; each holds those before it */
enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_DEBUG2,
};

/**
 * struct log_limit - keeps one kind of line from flooding the log
 * @since: start of the minute, in ms
 * @lines: written in it
 * @held: not written in it; told in a line when the minute is over
 */
struct log_limit {
	uint64_t since;
	unsigned int lines;
	unsigned int held;
};

void log_to_stderr(void);
void log_to_syslog(const char *ident);
int log_to_file(const char *path);
void log_set_level(enum log_level level);
void log_process(const char *name);	/* "keys", "net": shown at debug */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool log_limit_ok(struct log_limit *limit, unsigned int per_minute, uint64_t now_ms);
const char *log_hex_public(struct chunk c, char *buf, size_t size);

#define log_error(...)	log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)	log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)	log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)	log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)	log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif /* TESTUDOD_BASE_LOG_H */
