// SPDX-License-Identifier: GPL-2.0
/*
 * The log's lines and where they go. Text from peers may be in them: whatever
 * could end a line or turn a terminal around is written as \xNN.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#define LOG_TEXT   2048 /* of one line before escapes; more is cut */
#define LOG_LINE   (LOG_TEXT + 1024)
#define LOG_MINUTE 60000

/* the words are racoon's: scripts look for them */
static const struct {
	const char *word;
	int priority;
} levels[] = {
	[LOG_LEVEL_ERROR] = { "ERROR", LOG_ERR },
	[LOG_LEVEL_WARNING] = { "WARNING", LOG_WARNING },
	[LOG_LEVEL_NOTICE] = { "NOTIFY", LOG_NOTICE },
	[LOG_LEVEL_INFO] = { "INFO", LOG_INFO },
	[LOG_LEVEL_DEBUG] = { "DEBUG", LOG_DEBUG },
	[LOG_LEVEL_DEBUG2] = { "DEBUG2", LOG_DEBUG },
};

static enum log_level log_max = LOG_LEVEL_INFO;
static const char *log_name;
static bool log_syslog;
static bool log_journal;
static int log_fd = STDERR_FILENO;

static void log_to_fd(int fd)
{
	/* read the zone file now: later there may be no file system */
	tzset();
	if (log_fd != STDERR_FILENO)
		close(log_fd);
	log_fd = fd;
	if (log_syslog)
		closelog();
	log_syslog = false;
	log_journal = false;
}

/* systemd.exec(5), JOURNAL_STREAM; it is inherited, so that the file must be looked at */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 && !fstat(STDERR_FILENO, &st) &&
	       st.st_dev == dev && st.st_ino == ino;
}

/* to the journal with the priority, and without the time, which it knows */
void log_to_stderr(void)
{
	log_to_fd(STDERR_FILENO);
	log_journal = stderr_is_journal();
}

/* @ident must stay */
void log_to_syslog(const char *ident)
{
	log_to_fd(STDERR_FILENO);
	openlog(ident, LOG_PID | LOG_NDELAY, LOG_DAEMON);
	log_syslog = true;
}

/* 0 or a negative errno; then the log stays where it was */
int log_to_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);

	if (fd < 0)
		return -errno;
	log_to_fd(fd);
	return 0;
}

void log_set_level(enum log_level level)
{
	log_max = level;
}

/* @name must stay */
void log_process(const char *name)
{
	log_name = name;
}

/*
 * Bytes of the UTF-8 character at @s, 0 if there is none that may be shown:
 * not controls, nor those that end lines or change the direction of writing.
 */
static size_t printable(const unsigned char *s)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c = s[0];
	size_t n = 2;
	size_t i;

	if (c < 0x80)
		return c >= 0x20 && c != 0x7f;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	n += c >= 0xe0;
	n += c >= 0xf0;
	c &= 0x7f >> n;
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	if (c < 0xa0 || c == 0x61c || (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069) || c == 0xfeff)
		return 0;
	return n;
}

/* @text to the @size bytes at @out; what does not fit is left out */
static size_t log_escape(const char *text, char *out, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *s = (const unsigned char *)text;
	size_t at = 0;
	size_t n;

	for (; *s; s += n) {
		n = printable(s);
		if (at + 4 > size)
			break;
		if (n) {
			memcpy(out + at, s, n);
			at += n;
			continue;
		}
		out[at++] = '\\';
		out[at++] = 'x';
		out[at++] = hex[*s >> 4];
		out[at++] = hex[*s & 15];
		n = 1;
	}
	return at;
}

static size_t log_stamp(char *out, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;

	if (!localtime_r(&now, &tm))
		return 0;
	return strftime(out, size, "%Y-%m-%d %H:%M:%S: ", &tm);
}

static void log_write(enum log_level level, const char *text)
{
	bool named = log_name && level >= LOG_LEVEL_DEBUG;
	char line[LOG_LINE];
	size_t n = 0;
	ssize_t done;

	if (log_journal)
		n = snprintf(line, sizeof(line), "<%d>", levels[level].priority);
	else if (!log_syslog)
		n = log_stamp(line, sizeof(line));
	n += snprintf(line + n, sizeof(line) - n, "%s: %.32s%s", levels[level].word,
		      named ? log_name : "", named ? ": " : "");
	n += log_escape(text, line + n, sizeof(line) - n - 1);
	if (log_syslog) {
		line[n] = '\0';
		syslog(levels[level].priority, "%s", line);
		return;
	}
	/* one write, so that lines of several processes do not mix */
	line[n++] = '\n';
	do {
		done = write(log_fd, line, n);
	} while (done < 0 && errno == EINTR);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	int saved = errno;
	char text[LOG_TEXT];
	va_list ap;
	int n;

	if (level > log_max)
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(text))
		memcpy(text + sizeof(text) - 4, "...", 4);
	if (n >= 0)
		log_write(level, text);
	errno = saved;
}

/* true: write the line; how many were held back is told with the first one after the minute */
bool log_limit_ok(struct log_limit *limit, unsigned int per_minute, uint64_t now_ms)
{
	if (!limit->since || now_ms - limit->since >= LOG_MINUTE) {
		if (limit->held)
			log_line(LOG_LEVEL_NOTICE, "%u lines like the next one were held back",
				 limit->held);
		*limit = (struct log_limit){ .since = now_ms };
	}
	if (limit->lines < per_minute) {
		limit->lines++;
		return true;
	}
	limit->held++;
	return false;
}

/* hex digits of bytes that anyone may see: cookies, SPIs, hashes; ".." where cut */
const char *log_hex_public(struct chunk c, char *buf, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0;
	size_t i;

	if (!size)
		return "";
	for (i = 0; i < c.n && at + 2 < size; i++) {
		buf[at++] = hex[c.p[i] >> 4];
		buf[at++] = hex[c.p[i] & 15];
	}
	if (i < c.n && at >= 2)
		memcpy(buf + at - 2, "..", 2);
	buf[at] = '\0';
	return buf;
}
