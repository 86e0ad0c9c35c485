// SPDX-License-Identifier: GPL-2.0
/*
 * edge/udp*.c on the loopback device, in a network namespace of its own if we
 * are let: real sockets, and plain ones on the other side.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "edge/udp.h"
#include "netns.h"

#define PORT 25500
#define NATT 24500
#define LONG_MS 60000 /* until what must come has failed to */

static const struct udp_options options = { .port = PORT, .natt_port = NATT };

struct got {
	unsigned int n;
	struct ike_path path;
	uint8_t msg[65536];
	size_t len;
};

struct fix {
	struct conf conf;
	struct conf_listen listen[4];
	struct udp u;
	struct got got;
};

static struct sockaddr_storage addr(const char *text)
{
	struct sockaddr_storage sa;

	assert_true(addr_parse(&sa, text));
	return sa;
}

static void assert_addr(const struct sockaddr_storage *sa, const char *text)
{
	char buf[ADDR_TEXT];

	assert_string_equal(addr_text(sa, buf), text);
}

static int setup(void **state)
{
	static struct fix f;

	memset(&f, 0, sizeof(f));
	TAILQ_INIT(&f.conf.listens);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	udp_free(&f->u);
	return 0;
}

static void listen_on(struct fix *f, unsigned int i, const char *text, bool natt)
{
	f->listen[i].addr = addr(text);
	f->listen[i].natt = natt;
	TAILQ_INSERT_TAIL(&f->conf.listens, &f->listen[i], link);
}

static int open_all(struct fix *f, const struct udp_options *opt)
{
	struct udp_socket socks[UDP_SOCKETS];
	int n = udp_open_missing(&f->conf, opt, socks, 0);

	if (n > 0)
		udp_init(&f->u, socks, n);
	return n;
}

static unsigned int find(struct fix *f, const char *text)
{
	struct sockaddr_storage sa = addr(text);
	unsigned int i;

	for (i = 0; i < f->u.n; i++)
		if (addr_same(&f->u.socks[i].addr, &sa))
			return i;
	fail_msg("no socket %s", text);
	return 0;
}

static void on_message(void *arg, const struct ike_path *path, struct chunk msg)
{
	struct got *got = arg;

	got->n++;
	got->path = *path;
	got->len = msg.n;
	memcpy(got->msg, msg.p, msg.n);
}

/* messages that come in one call, which waits for the first datagram */
static unsigned int receive_some(struct fix *f, unsigned int i)
{
	struct pollfd pfd = { .fd = f->u.socks[i].fd, .events = POLLIN };
	unsigned int before = f->got.n;

	assert_int_equal(poll(&pfd, 1, LONG_MS), 1);
	udp_input(&f->u, i, on_message, &f->got);
	return f->got.n - before;
}

/* the next message, and no other, behind whatever is dropped: the kernel may deliver late */
static void receive(struct fix *f, unsigned int i)
{
	unsigned int n;

	do {
		n = receive_some(f, i);
	} while (!n);
	assert_int_equal(n, 1);
}

static int client(const char *text)
{
	struct sockaddr_storage sa = addr(text);
	int fd = socket(sa.ss_family, SOCK_DGRAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sa, addr_len(&sa)), 0);
	return fd;
}

static void client_send(int fd, const char *to, const void *p, size_t n)
{
	struct sockaddr_storage sa = addr(to);

	assert_int_equal(sendto(fd, p, n, 0, (struct sockaddr *)&sa, addr_len(&sa)), n);
}

/* what comes, and from where */
static void client_got(int fd, const char *from, const void *p, size_t n)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof(sa);
	static uint8_t buf[65536];

	assert_int_equal(poll(&pfd, 1, LONG_MS), 1);
	assert_int_equal(recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&sa, &len), n);
	assert_memory_equal(buf, p, n);
	assert_addr(&sa, from);
}

static void test_wildcard(void **state)
{
	struct fix *f = *state;
	int fd = client("127.0.0.1[30000]");
	struct chunk answer = chunk_str("answer");
	struct udp_socket again[UDP_SOCKETS];
	int n = open_all(f, &options);

	/* without IPv6 in the kernel there are two */
	assert_true(n == 4 || n == 2);
	assert_addr(&f->u.socks[0].addr, "0.0.0.0[25500]");
	assert_false(f->u.socks[0].natt);
	assert_addr(&f->u.socks[1].addr, "0.0.0.0[24500]");
	assert_true(f->u.socks[1].natt);

	/* the address that it was sent to is the one that the answer leaves from */
	client_send(fd, "127.0.0.2[25500]", "hello", 5);
	receive(f, 0);
	assert_addr(&f->got.path.local, "127.0.0.2[25500]");
	assert_addr(&f->got.path.remote, "127.0.0.1[30000]");
	assert_false(f->got.path.natt);
	assert_int_equal(f->got.len, 5);
	assert_memory_equal(f->got.msg, "hello", 5);
	assert_int_equal(udp_send(&f->u, &f->got.path, answer), 0);
	client_got(fd, "127.0.0.2[25500]", "answer", 6);

	/* the kernel chooses for who does not know */
	f->got.path.local = addr("0.0.0.0[25500]");
	assert_int_equal(udp_send(&f->u, &f->got.path, answer), 0);
	client_got(fd, "127.0.0.1[25500]", "answer", 6);
	f->got.path.local = (struct sockaddr_storage){ 0 };
	assert_int_equal(udp_send(&f->u, &f->got.path, answer), 0);
	client_got(fd, "127.0.0.1[25500]", "answer", 6);

	/* not ours: no datagram with another source than asked for */
	f->got.path.local = addr("192.0.2.99[25500]");
	assert_true(udp_send(&f->u, &f->got.path, answer) < 0);

	/* a second daemon gets nothing, and leaves nothing open */
	assert_int_equal(udp_open_missing(&f->conf, &options, again, 0), -EADDRINUSE);
	close(fd);
}

static void test_natt(void **state)
{
	struct fix *f = *state;
	int fd = client("127.0.0.1[30000]");
	unsigned int natt;

	assert_true(open_all(f, &options) > 0);
	natt = find(f, "0.0.0.0[24500]");
	client_send(fd, "127.0.0.1[24500]", "\0\0\0\0hello", 9);
	receive(f, natt);
	assert_true(f->got.path.natt);
	assert_addr(&f->got.path.local, "127.0.0.1[24500]");
	assert_int_equal(f->got.len, 5);
	assert_memory_equal(f->got.msg, "hello", 5);
	assert_int_equal(udp_send(&f->u, &f->got.path, chunk_str("answer")), 0);
	client_got(fd, "127.0.0.1[24500]", "\0\0\0\0answer", 10);
	assert_int_equal(udp_keepalive(&f->u, &f->got.path), 0);
	client_got(fd, "127.0.0.1[24500]", "\xff", 1);
	close(fd);
}

/* that a row is dropped says nothing if nothing ever comes: a good one follows each */
static void test_dropped(void **state)
{
	static const struct {
		const char *why;
		const char *data;
		size_t n;
		bool natt;
	} rows[] = {
		{ "a keepalive", "\xff", 1, true },
		{ "a keepalive on the wrong port", "\xff", 1, false },
		{ "nothing", "", 0, true },
		{ "nothing on the IKE port", "", 0, false },
		{ "one byte", "\0", 1, true },
		{ "a marker and nothing behind it", "\0\0\0\0", 4, true },
		{ "half a marker", "\0\0", 2, true },
		{ "ESP of an SA that nobody has", "\x12\x34\x56\x78\0\0\0\1payload.", 16, true },
	};
	struct fix *f = *state;
	int fd = client("127.0.0.1[30000]");
	unsigned int i, natt, ike;

	assert_true(open_all(f, &options) > 0);
	natt = find(f, "0.0.0.0[24500]");
	ike = find(f, "0.0.0.0[25500]");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("# %s\n", rows[i].why);
		client_send(fd, rows[i].natt ? "127.0.0.1[24500]" : "127.0.0.1[25500]",
			    rows[i].data, rows[i].n);
		client_send(fd, rows[i].natt ? "127.0.0.1[24500]" : "127.0.0.1[25500]",
			    "\0\0\0\0good", 8);
		receive(f, rows[i].natt ? natt : ike);
		assert_int_equal(f->got.len, rows[i].natt ? 4 : 8);
	}
	close(fd);
}

/* four zero bytes on the IKE port are a message's, not a marker */
static void test_no_marker(void **state)
{
	struct fix *f = *state;
	int fd = client("127.0.0.1[30000]");

	assert_true(open_all(f, &options) > 0);
	client_send(fd, "127.0.0.1[25500]", "\0\0\0\0x", 5);
	receive(f, find(f, "0.0.0.0[25500]"));
	assert_int_equal(f->got.len, 5);
	close(fd);
}

static void test_port_zero(void **state)
{
	struct {
		struct udphdr udp;
		char data[4];
	} packet = { .udp = { .uh_dport = htons(PORT), .uh_ulen = htons(12) }, .data = "abcd" };
	struct sockaddr_storage to = addr("127.0.0.1");
	struct fix *f = *state;
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);

	if (fd < 0) {
		print_message("# no raw socket here\n");
		skip();
	}
	assert_true(open_all(f, &options) > 0);
	assert_int_equal(sendto(fd, &packet, 12, 0, (struct sockaddr *)&to, addr_len(&to)), 12);
	packet.udp.uh_sport = htons(1);
	assert_int_equal(sendto(fd, &packet, 12, 0, (struct sockaddr *)&to, addr_len(&to)), 12);
	receive(f, 0);
	assert_addr(&f->got.path.remote, "127.0.0.1[1]");
	close(fd);
}

static void test_broadcast(void **state)
{
	struct fix *f = *state;
	int fd = client("127.0.0.1[30000]");
	int on = 1;

	assert_true(open_all(f, &options) > 0);
	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	client_send(fd, "127.255.255.255[25500]", "to all", 6);
	client_send(fd, "127.0.0.1[25500]", "to one", 6);
	receive(f, 0);
	assert_memory_equal(f->got.msg, "to one", 6);
	close(fd);
}

static void test_v6(void **state)
{
	struct fix *f = *state;
	int fd;

	if (open_all(f, &options) < 4) {
		print_message("# no IPv6 here\n");
		skip();
	}
	fd = client("::1[30000]");
	client_send(fd, "::1[24500]", "\0\0\0\0hello", 9);
	receive(f, find(f, "::[24500]"));
	assert_addr(&f->got.path.local, "::1[24500]");
	assert_addr(&f->got.path.remote, "::1[30000]");
	assert_int_equal(udp_send(&f->u, &f->got.path, chunk_str("answer")), 0);
	client_got(fd, "::1[24500]", "\0\0\0\0answer", 10);
	close(fd);
}

/* larger than any MTU, both ways: fragments, no error */
static void test_large(void **state)
{
	static uint8_t big[65507];
	struct fix *f = *state;
	int fd = client("127.0.0.1[30000]");
	int value = 0;
	socklen_t len = sizeof(value);

	assert_true(open_all(f, &options) > 0);
	memset(big, 'x', sizeof(big));
	client_send(fd, "127.0.0.1[25500]", big, sizeof(big));
	receive(f, 0);
	assert_int_equal(f->got.len, sizeof(big));
	assert_int_equal(udp_send(&f->u, &f->got.path, chunk(big, sizeof(big))), 0);
	client_got(fd, "127.0.0.1[25500]", big, sizeof(big));
	assert_int_equal(getsockopt(f->u.socks[0].fd, IPPROTO_IP, IP_MTU_DISCOVER, &value, &len),
			 0);
	assert_int_equal(value, IP_PMTUDISC_DONT);
	close(fd);
}

/* a flood on one socket leaves time for the others */
static void test_batch(void **state)
{
	struct fix *f = *state;
	int fd = client("127.0.0.1[30000]");
	unsigned int i;

	assert_true(open_all(f, &options) > 0);
	for (i = 0; i < 100; i++)
		client_send(fd, "127.0.0.1[25500]", "flood", 5);
	while (f->got.n < 100)
		assert_in_range(receive_some(f, 0), 1, 32);
	assert_int_equal(f->got.n, 100);
	close(fd);
}

static void test_listen(void **state)
{
	struct ike_path path = { .remote = addr("127.0.0.1[30000]") };
	struct fix *f = *state;
	int fd = client("127.0.0.1[30000]");

	listen_on(f, 0, "127.0.0.3[500]", false);
	listen_on(f, 1, "127.0.0.4[26000]", false);
	listen_on(f, 2, "127.0.0.4[4500]", true);
	/* said twice */
	listen_on(f, 3, "127.0.0.3[500]", false);
	assert_int_equal(open_all(f, &options), 3);
	/* -p stands for the default, not for a port of the file's own */
	assert_addr(&f->u.socks[0].addr, "127.0.0.3[25500]");
	assert_addr(&f->u.socks[1].addr, "127.0.0.4[26000]");
	assert_addr(&f->u.socks[2].addr, "127.0.0.4[24500]");

	path.local = addr("127.0.0.4[25500]");
	assert_int_equal(udp_send(&f->u, &path, chunk_str("a")), 0);
	client_got(fd, "127.0.0.4[26000]", "a", 1);
	path.natt = true;
	assert_int_equal(udp_send(&f->u, &path, chunk_str("a")), 0);
	client_got(fd, "127.0.0.4[24500]", "\0\0\0\0a", 5);
	path.local = addr("127.0.0.3[24500]");
	assert_int_equal(udp_send(&f->u, &path, chunk_str("a")), -EADDRNOTAVAIL);
	path.local = (struct sockaddr_storage){ 0 };
	path.natt = false;
	assert_int_equal(udp_send(&f->u, &path, chunk_str("a")), 0);
	client_got(fd, "127.0.0.3[25500]", "a", 1);
	path.remote = addr("::1[30000]");
	assert_int_equal(udp_send(&f->u, &path, chunk_str("a")), -EADDRNOTAVAIL);
	close(fd);
}

/* the port first, which the peer knows; then the address */
static void test_choice(void **state)
{
	struct ike_path path = {
		.local = addr("127.0.0.3[25500]"),
		.remote = addr("127.0.0.1[30000]"),
	};
	struct fix *f = *state;
	int fd = client("127.0.0.1[30000]");

	listen_on(f, 0, "0.0.0.0[500]", false);
	listen_on(f, 1, "127.0.0.3[26000]", false);
	assert_int_equal(open_all(f, &options), 2);
	assert_int_equal(udp_send(&f->u, &path, chunk_str("a")), 0);
	client_got(fd, "127.0.0.3[25500]", "a", 1);
	addr_set_port(&path.local, 0);
	assert_int_equal(udp_send(&f->u, &path, chunk_str("a")), 0);
	client_got(fd, "127.0.0.3[26000]", "a", 1);
	path.local = addr("127.0.0.2[26000]");
	assert_int_equal(udp_send(&f->u, &path, chunk_str("a")), 0);
	client_got(fd, "127.0.0.2[25500]", "a", 1);
	close(fd);
}

static void test_missing_address(void **state)
{
	struct fix *f = *state;

	listen_on(f, 0, "127.0.0.3[500]", false);
	listen_on(f, 1, "192.0.2.77[500]", false);
	f->conf.strict_address = true;
	assert_int_equal(open_all(f, &options), -EADDRNOTAVAIL);
	f->conf.strict_address = false;
	assert_int_equal(open_all(f, &options), 2);
}

static void test_families(void **state)
{
	struct udp_options only = options;
	struct fix *f = *state;

	only.no_v6 = true;
	assert_int_equal(open_all(f, &only), 2);
	udp_free(&f->u);
	only.no_v4 = true;
	assert_int_equal(open_all(f, &only), -EADDRNOTAVAIL);
	listen_on(f, 0, "127.0.0.3[500]", false);
	assert_int_equal(open_all(f, &only), -EADDRNOTAVAIL);
}

/* what is open of @have, as "address natt", in their order; those that are not planned are closed */
static const char *keep(const struct fix *f, struct udp_socket *have, int *n)
{
	static char text[1024];
	struct udp_plan plan;
	char buf[ADDR_TEXT];
	size_t at = 0;
	int i, kept = 0;

	assert_int_equal(udp_plan(&f->conf, &options, &plan), 0);
	text[0] = '\0';
	for (i = 0; i < *n; i++) {
		if (!udp_planned(&plan, &have[i])) {
			udp_close_all(&have[i], 1);
			continue;
		}
		have[kept++] = have[i];
		at += snprintf(text + at, sizeof(text) - at, "%s%s ", addr_text(&have[i].addr, buf),
			       have[i].natt ? "n" : "");
	}
	*n = kept;
	return text;
}

/* a new configuration: what is in both is not touched, and nothing stands in the way of the rest */
static void test_difference(void **state)
{
	struct udp_options only = options;
	struct udp_socket have[UDP_ROOM], again[UDP_SOCKETS];
	struct fix *f = *state;
	int n, kept;

	only.no_v6 = true;
	n = udp_open_missing(&f->conf, &only, have, 0);
	assert_int_equal(n, 2);
	/* one address of all, while all have the port */
	listen_on(f, 0, "127.0.0.3[500]", false);
	n = udp_open_missing(&f->conf, &only, have, n);
	assert_int_equal(n, 3);
	assert_string_equal(keep(f, have, &n), "127.0.0.3[25500] ");
	kept = have[0].fd;
	/* one more */
	listen_on(f, 1, "127.0.0.4[4500]", true);
	n = udp_open_missing(&f->conf, &only, have, n);
	assert_string_equal(keep(f, have, &n), "127.0.0.3[25500] 127.0.0.4[24500]n ");
	assert_int_equal(have[0].fd, kept);
	/* nobody else comes in, neither now nor while they are exchanged */
	assert_int_equal(udp_open_missing(&f->conf, &only, again, 0), -EADDRINUSE);
	/* what can not be had leaves everything as it was */
	f->conf.strict_address = true;
	listen_on(f, 2, "127.0.0.5[500]", false);
	listen_on(f, 3, "192.0.2.77[500]", false);
	assert_int_equal(udp_open_missing(&f->conf, &only, have, n), -EADDRNOTAVAIL);
	assert_int_equal(n, 2);
	TAILQ_REMOVE(&f->conf.listens, &f->listen[3], link);
	n = udp_open_missing(&f->conf, &only, have, n);
	assert_int_equal(n, 3);
	/* all addresses, while one has the port; one of them is for another thing now */
	TAILQ_INIT(&f->conf.listens);
	n = udp_open_missing(&f->conf, &only, have, n);
	assert_string_equal(keep(f, have, &n), "0.0.0.0[25500] 0.0.0.0[24500]n ");
	listen_on(f, 0, "0.0.0.0[24500]", false);
	n = udp_open_missing(&f->conf, &only, have, n);
	assert_string_equal(keep(f, have, &n), "0.0.0.0[24500] ");
	/* a configuration that could not be started is not taken either */
	listen_on(f, 1, "127.0.0.3[24500]", false);
	assert_int_equal(udp_open_missing(&f->conf, &only, have, n), -EADDRINUSE);
	udp_close_all(have, n);
}

/* a socket takes the place of one that was closed, and the rest keep theirs */
static void test_slots(void **state)
{
	struct ike_path path = { .remote = addr("127.0.0.1[30000]"), .local = addr("127.0.0.3[25500]") };
	struct fix *f = *state;
	struct udp_socket s;
	unsigned int i;

	listen_on(f, 0, "127.0.0.3[500]", false);
	listen_on(f, 1, "127.0.0.4[500]", false);
	assert_int_equal(open_all(f, &options), 2);
	udp_close(&f->u, 0);
	assert_int_equal(udp_send(&f->u, &path, chunk_str("a")), -EADDRNOTAVAIL);
	s = (struct udp_socket){ .fd = client("127.0.0.3[25500]"), .addr = addr("127.0.0.3[25500]") };
	assert_int_equal(udp_add(&f->u, &s), 0);
	assert_int_equal(udp_send(&f->u, &path, chunk_str("a")), 0);
	s.fd = dup(s.fd);
	for (i = 2; i < UDP_ROOM; i++) {
		assert_int_equal(udp_add(&f->u, &s), i);
		s.fd = dup(s.fd);
	}
	assert_int_equal(udp_add(&f->u, &s), -ENOSPC);
	close(s.fd);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_wildcard),
		T(test_natt),
		T(test_dropped),
		T(test_no_marker),
		T(test_port_zero),
		T(test_broadcast),
		T(test_v6),
		T(test_large),
		T(test_batch),
		T(test_listen),
		T(test_choice),
		T(test_missing_address),
		T(test_families),
		T(test_difference),
		T(test_slots),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	/* without one, the host's loopback device and our high ports do */
	netns_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
