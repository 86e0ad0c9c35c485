// SPDX-License-Identifier: GPL-2.0
/*
 * Answers to people: which answers are printed and how, what an errno means
 * for which request, and the monitor of -x. Never sends a command.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "setkey.h"

static void show_hex(const void *data, size_t len)
{
	const unsigned char *p = data;
	size_t i;

	for (i = 0; i < len; i++) {
		if (i % 16 == 0)
			printf("%08zx: ", i);
		printf("%02x ", p[i]);
		if (i % 16 == 15)
			putchar('\n');
	}
	if (len % 16)
		putchar('\n');
}

/**
 * show_request() - print a message that is about to be sent
 * @sk: run
 * @b: finished message
 */
void show_request(const struct setkey *sk, const struct pfkey_buf *b)
{
	struct pfkey_fault fault;
	struct pfkey_msg msg;

	if (sk->verbose && !pfkey_parse(b->data, b->len, &msg, &fault)) {
		pfkey_text_msg(stdout, &msg);
		putchar('\n');
	}
	if (sk->hex)
		show_hex(b->data, b->len);
}

/**
 * show_traffic() - print a message that was received, with -v
 * @sk: run
 * @msg: message
 */
void show_traffic(const struct setkey *sk, const struct pfkey_msg *msg)
{
	if (!sk->verbose)
		return;
	pfkey_text_msg(stdout, msg);
	putchar('\n');
}

static bool show_dead(const struct pfkey_msg *msg)
{
	const struct sadb_sa *sa = pfkey_ext(msg, SADB_EXT_SA);

	return sa && sa->sadb_sa_state == SADB_SASTATE_DEAD;
}

/**
 * show_answer() - print an answer that people asked to see
 * @sk: run
 * @msg: answer without errno
 */
void show_answer(const struct setkey *sk, const struct pfkey_msg *msg)
{
	unsigned int flags = sk->ports ? PFKEY_TEXT_PORTS : 0;

	switch (msg->base->sadb_msg_type) {
	case SADB_DUMP:
		if (show_dead(msg) && !sk->all)
			break;
		if (sk->forever) {
			pfkey_text_sa_line(stdout, msg, time(NULL));
			break;
		}
		/* fall through */
	case SADB_GET:
		pfkey_text_sa(stdout, msg, flags, time(NULL));
		break;
	case SADB_X_SPDGET:
	case SADB_X_SPDDUMP:
		pfkey_text_sp(stdout, msg, flags);
		break;
	default:
		break;
	}
}

/**
 * show_errno() - what the kernel's refusal means
 * @type: SADB_* of the request
 * @err: positive errno
 * @hint: what EINVAL may be about this time, or NULL
 *
 * Return: strerror()'s words, which scripts know, and for the common cases
 * what they mean here; valid until the next call.
 */
const char *show_errno(unsigned int type, unsigned int err, const char *hint)
{
	static const struct {
		unsigned int type;
		unsigned int err;
		const char *why;
	} rows[] = {
		{ SADB_ADD, EEXIST, "an SA with this SPI, protocol and destination is there" },
		{ SADB_ADD, ENOSYS, "this kernel lacks an algorithm or the protocol" },
		{ SADB_UPDATE, ESRCH, "no such SA" },
		{ SADB_UPDATE, ENOSYS, "this kernel lacks an algorithm or the protocol" },
		{ SADB_GET, ESRCH, "no such SA" },
		{ SADB_DELETE, ESRCH, "no such SA" },
		{ SADB_GETSPI, ENOENT, "no SPI is free" },
		{ SADB_GETSPI, EEXIST, "the SPI is taken" },
		{ SADB_X_SPDADD, EEXIST, "a policy with this selector and direction is there" },
		{ SADB_X_SPDDELETE, ENOENT, "no such policy" },
		{ SADB_X_SPDGET, ENOENT, "no such policy" },
		{ SADB_X_SPDADD, ELOOP, "too many requests" },
	};
	const char *why = err == EINVAL ? hint : NULL;
	static char buf[160];
	size_t i;

	for (i = 0; !why && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].type == type && rows[i].err == err)
			why = rows[i].why;
	if (!why)
		return strerror(err);
	snprintf(buf, sizeof(buf), "%s (%s)", strerror(err), why);
	return buf;
}

/* "12:34:56.123456 ADD esp", or the epoch's seconds with -xx */
static void show_stamp(unsigned int stamps, const struct sadb_msg *base)
{
	const char *satype = pfkey_satype_name(base->sadb_msg_satype);
	struct timeval tv;
	struct tm tm;

	gettimeofday(&tv, NULL);
	localtime_r(&tv.tv_sec, &tm);
	if (stamps > 1)
		printf("%lld.%06ld ", (long long)tv.tv_sec, (long)tv.tv_usec);
	else
		printf("%02d:%02d:%02d.%06ld ", tm.tm_hour, tm.tm_min, tm.tm_sec,
		       (long)tv.tv_usec);
	printf("%s", pfkey_msg_name(base->sadb_msg_type));
	if (base->sadb_msg_satype && base->sadb_msg_type != SADB_X_PROMISC)
		printf(" %s", satype ? satype : "?");
	if (base->sadb_msg_errno)
		printf(" error: %s", strerror(base->sadb_msg_errno));
	putchar('\n');
}

/* A copy may come bare, as from Linux, or behind a header of its own (RFC 2367 3.1.11). */
static void show_copy(const struct setkey *sk, unsigned int stamps, const unsigned char *data,
		      size_t len)
{
	const struct sadb_msg *base = (const struct sadb_msg *)data;
	struct pfkey_fault fault;
	struct pfkey_msg msg;

	if (len > sizeof(*base) && base->sadb_msg_type == SADB_X_PROMISC) {
		data += sizeof(*base);
		len -= sizeof(*base);
		base = (const struct sadb_msg *)data;
	}
	if (len < sizeof(*base))
		return;
	show_stamp(stamps, base);
	if (sk->hex)
		show_hex(data, len);
	if (pfkey_parse(data, len, &msg, &fault))
		printf("malformed: %s (extension %s at byte %zu)\n", fault.why,
		       pfkey_ext_name(fault.type), fault.off);
	else
		pfkey_text_msg(stdout, &msg);
	putchar('\n');
	fflush(stdout);
}

/**
 * show_monitor() - print all messages of the socket family until killed
 * @sk: run with an open socket
 * @stamps: how often -x was given; twice prints seconds since the epoch
 *
 * Return: a negative errno, when receiving fails.
 */
int show_monitor(struct setkey *sk, unsigned int stamps)
{
	struct pfkey_buf buf;
	size_t len;
	int err;

	pfkey_begin(&buf, SADB_X_PROMISC, 1, 0, sk->sock.pid);
	pfkey_end(&buf);
	err = pfkey_sock_timeout(&sk->sock, 0);
	if (!err)
		err = pfkey_send(&sk->sock, &buf);
	while (!err) {
		if (ferror(stdout))
			return -EIO;
		err = pfkey_recv_raw(&sk->sock, &len);
		/* copies were lost when the queue was full; what follows is still good */
		if (err == -ENOBUFS) {
			err = 0;
			continue;
		}
		if (!err)
			show_copy(sk, stamps, sk->sock.buf, len);
	}
	return err;
}

/* Messages one behind the other, as something else has stored them. */
static int show_stored(const struct setkey *sk, const char *name, const unsigned char *data,
		       size_t size)
{
	const struct sadb_msg *base;
	struct pfkey_fault fault;
	struct pfkey_msg msg;
	size_t off = 0, len;

	while (size - off >= sizeof(*base)) {
		base = (const struct sadb_msg *)(data + off);
		len = base->sadb_msg_len * 8u;
		if (len < sizeof(*base) || len > size - off)
			break;
		if (pfkey_parse(base, len, &msg, &fault)) {
			fprintf(stderr, "setkey: %s: message at byte %zu: %s\n", name, off,
				fault.why);
			return -EINVAL;
		}
		show_answer(sk, &msg);
		off += len;
	}
	if (off == size && size)
		return 0;
	fprintf(stderr, "setkey: %s: no PF_KEY message at byte %zu\n", name, off);
	return -EINVAL;
}

/**
 * show_file() - print the SAs and policies that a file of messages holds
 * @sk: run
 * @name: file
 *
 * Return: 0 or a negative errno; the failure was reported.
 */
int show_file(const struct setkey *sk, const char *name)
{
	size_t size = 0;
	char *data = NULL;
	int fd, err;

	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		data = source_read(fd, &size);
	if (!data) {
		err = -errno;
		fprintf(stderr, "setkey: %s: %s\n", name, strerror(-err));
		goto out;
	}
	err = show_stored(sk, name, (unsigned char *)data, size);
	explicit_bzero(data, size);
	free(data);
out:
	if (fd >= 0)
		close(fd);
	return err;
}
