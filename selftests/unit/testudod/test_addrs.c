// SPDX-License-Identifier: GPL-2.0
/*
 * edge/addrs.c in a network namespace of its own, whose addresses and routes
 * we change by ioctl(), so no second netlink of ours is the judge. The clock is
 * ours, too.
 */
#include <errno.h>
#include <net/route.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>

#include "edge/addrs.h"
#include "netns.h"
#include "world.h"

struct fix {
	struct addrs a;
	unsigned int changed;
};

static const char *change; /* the next address of "lo:1", NULL: it stays */

static struct sockaddr_storage addr(const char *text)
{
	struct sockaddr_storage sa;

	assert_true(addr_parse(&sa, text));
	return sa;
}

static void on_changed(void *arg)
{
	struct fix *f = arg;

	f->changed++;
}

/* an address for "lo:@n"; 0.0.0.0 takes it away */
static void set_nth(unsigned int n, const char *text)
{
	struct sockaddr_storage sa = addr(text);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq ifr;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "lo:%u", n);
	memcpy(&ifr.ifr_addr, &sa, sizeof(ifr.ifr_addr));
	assert_int_equal(ioctl(fd, SIOCSIFADDR, &ifr), 0);
	close(fd);
}

static void set_address(const char *text)
{
	set_nth(1, text);
}

static void add_route(const char *net, const char *mask)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_storage sa;
	struct rtentry rt = { .rt_flags = RTF_UP, .rt_dev = (char *)"lo" };

	sa = addr(net);
	memcpy(&rt.rt_dst, &sa, sizeof(rt.rt_dst));
	sa = addr(mask);
	memcpy(&rt.rt_genmask, &sa, sizeof(rt.rt_genmask));
	assert_int_equal(ioctl(fd, SIOCADDRT, &rt), 0);
	close(fd);
}

static void input(struct fix *f)
{
	struct pollfd pfd = { .fd = addrs_fd(&f->a), .events = POLLIN };

	assert_int_equal(poll(&pfd, 1, 2000), 1);
	addrs_input(&f->a);
}

static bool is_local(struct fix *f, const char *text)
{
	struct sockaddr_storage sa = addr(text);

	return addrs_is_local(&f->a, &sa);
}

static int setup(void **state)
{
	static struct fix f;

	fake_clock_reset();
	f = (struct fix){ 0 };
	assert_int_equal(addrs_init(&f.a, on_changed, &f), 0);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	addrs_free(&f->a);
	return 0;
}

static void test_local(void **state)
{
	struct fix *f = *state;

	assert_true(is_local(f, "127.0.0.1"));
	assert_true(is_local(f, "127.0.0.1[500]"));
	assert_false(is_local(f, "127.0.0.2"));
	assert_false(is_local(f, "10.0.0.1"));
	assert_false(is_local(f, "::2"));
}

/* one call for all that happens within two seconds, and none if nothing is different then */
static void test_changes(void **state)
{
	struct fix *f = *state;

	set_address("10.0.0.1");
	input(f);
	assert_int_equal(f->changed, 0);
	/* changes without end must not put it off for ever */
	fake_clock_turn(2000);
	set_address("10.0.0.2");
	input(f);
	fake_clock_turn(2999);
	assert_int_equal(f->changed, 0);
	fake_clock_turn(3000);
	assert_int_equal(f->changed, 1);
	assert_false(is_local(f, "10.0.0.1"));
	assert_true(is_local(f, "10.0.0.2"));
	assert_int_equal(fake_clock_next(), 0);

	set_address("0.0.0.0");
	set_address("10.0.0.2");
	input(f);
	fake_clock_turn(10000);
	assert_int_equal(f->changed, 1);

	set_address("0.0.0.0");
	input(f);
	fake_clock_turn(20000);
	assert_int_equal(f->changed, 2);
	assert_false(is_local(f, "10.0.0.2"));
}

/* a packet may be faster than the news, or than two seconds; who is told of a change hears of it all the same */
static void test_new(void **state)
{
	struct fix *f = *state;

	set_address("10.0.0.1");
	assert_true(is_local(f, "10.0.0.1"));
	assert_false(is_local(f, "10.0.0.9"));
	set_address("10.0.0.2");
	input(f);
	assert_true(is_local(f, "10.0.0.2"));
	assert_false(is_local(f, "10.0.0.1"));
	assert_int_equal(f->changed, 0);
	fake_clock_turn(5000);
	assert_int_equal(f->changed, 1);
	assert_int_equal(fake_clock_next(), 0);
	set_address("0.0.0.0");
}

static void test_source(void **state)
{
	struct sockaddr_storage local, remote = addr("198.51.100.7[500]");
	struct fix *f = *state;

	assert_int_equal(addrs_source(&f->a, &remote, &local), -ENETUNREACH);
	set_address("10.0.0.1");
	add_route("198.51.100.0", "255.255.255.0");
	assert_int_equal(addrs_source(&f->a, &remote, &local), 0);
	remote = addr("10.0.0.1");
	assert_true(addr_same(&local, &remote));
	/* to ourselves */
	assert_int_equal(addrs_source(&f->a, &remote, &local), 0);
	assert_true(addr_same(&local, &remote));
	remote = addr("127.0.0.9");
	assert_int_equal(addrs_source(&f->a, &remote, &local), 0);
	assert_true(is_local(f, "127.0.0.1"));

	remote = addr("2001:db8::1");
	assert_int_equal(addrs_source(&f->a, &remote, &local), -ENETUNREACH);
	remote = (struct sockaddr_storage){ 0 };
	assert_int_equal(addrs_source(&f->a, &remote, &local), -EAFNOSUPPORT);
	set_address("0.0.0.0");
}

static void test_source_v6(void **state)
{
	struct sockaddr_storage local, remote = addr("::1");
	struct fix *f = *state;

	if (!addrs_is_local(&f->a, &remote)) {
		print_message("# no IPv6 here\n");
		skip();
	}
	assert_int_equal(addrs_source(&f->a, &remote, &local), 0);
	assert_true(addr_same(&local, &remote));
}

/* comes before libmnl's; the address changes while the answer to a question lies there */
ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t size)
{
	struct pollfd pfd = { .fd = mnl_socket_get_fd(nl), .events = POLLIN };

	if (change && poll(&pfd, 1, 0) > 0) {
		set_address(change);
		change = NULL;
	}
	return recv(pfd.fd, buf, size, 0);
}

/* so many that the dump is far from its end when it is found to be of no use, and is begun again */
static void test_interrupted(void **state)
{
	struct fix f = { 0 };
	unsigned int i;
	char text[32];

	(void)state;
	for (i = 2; i < 1000; i++) {
		snprintf(text, sizeof(text), "10.1.%u.%u", i / 250, i % 250 + 1);
		set_nth(i, text);
	}
	set_address("10.0.0.1");
	change = "10.0.0.2";
	assert_int_equal(addrs_init(&f.a, on_changed, &f), 0);
	assert_null(change);
	assert_false(is_local(&f, "10.0.0.1"));
	assert_true(is_local(&f, "10.0.0.2"));
	assert_true(is_local(&f, "10.1.0.3"));
	assert_true(is_local(&f, text));
	addrs_free(&f.a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_local, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_new, setup, teardown),
		cmocka_unit_test_setup_teardown(test_source, setup, teardown),
		cmocka_unit_test_setup_teardown(test_source_v6, setup, teardown),
		cmocka_unit_test(test_interrupted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (!netns_enter()) {
		printf("1..0 # SKIP no network namespace of our own\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
