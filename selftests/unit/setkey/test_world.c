// SPDX-License-Identifier: GPL-2.0
/*
 * setkey in a world of our making: a kernel behind a socketpair, whose answers
 * are errnos that the test chose, and a C library whose names do not depend on
 * this machine and whose questions are counted. What setkey makes of a refusal
 * is told by sk->refused, which becomes its exit status.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

#define WORLD_PID	4711

/* ---- names, in place of the C library's ---- */

static unsigned int world_asked;

struct servent *getservbyname(const char *name, const char *proto)
{
	static struct servent serv;

	world_asked++;
	if (!strcmp(name, "domain") && !strcmp(proto, "udp"))
		serv.s_port = htons(53);
	else if (!strcmp(name, "ssh") && !strcmp(proto, "tcp"))
		serv.s_port = htons(22);
	else
		return NULL;
	return &serv;
}

struct protoent *getprotobyname(const char *name)
{
	static struct protoent ent;

	world_asked++;
	if (!strcmp(name, "rsvp"))
		ent.p_proto = 46;
	else if (!strcmp(name, "mptcp"))
		ent.p_proto = 262;
	else
		return NULL;
	return &ent;
}

/* "both" has two addresses, "six" one; "late" does not resolve before world_late is set. */
static bool world_late;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **res)
{
	static struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	static struct sockaddr_in sin = { .sin_family = AF_INET };
	static struct addrinfo four = {
		.ai_family = AF_INET, .ai_addr = (struct sockaddr *)&sin, .ai_addrlen = sizeof(sin),
	}, six = {
		.ai_family = AF_INET6, .ai_addr = (struct sockaddr *)&sin6,
		.ai_addrlen = sizeof(sin6),
	};
	bool both = !strcmp(node, "both") || (!strcmp(node, "late") && world_late);

	(void)service;
	world_asked++;
	inet_pton(AF_INET, "10.0.0.9", &sin.sin_addr);
	inet_pton(AF_INET6, "fd00::9", &sin6.sin6_addr);
	if (!both && (strcmp(node, "six") || hints->ai_family == AF_INET))
		return EAI_NONAME;
	four.ai_next = hints->ai_family == AF_UNSPEC ? &six : NULL;
	*res = both && hints->ai_family != AF_INET6 ? &four : &six;
	return 0;
}

void freeaddrinfo(struct addrinfo *res)
{
	(void)res;
}

/* ---- a kernel ---- */

/**
 * struct world_kernel - what answers
 * @fd: its end of the socket
 * @errnos: errno of each answer in turn
 * @count: number of @errnos; whatever comes later succeeds
 */
struct world_kernel {
	int fd;
	const uint8_t *errnos;
	size_t count;
};

/* An answer is the request's own header, with an errno. */
static void *world_answer(void *arg)
{
	static _Alignas(8) unsigned char buf[65536];
	struct world_kernel *k = arg;
	struct sadb_msg *base = (struct sadb_msg *)buf;
	size_t i = 0;

	while (recv(k->fd, buf, sizeof(buf), 0) > 0) {
		base->sadb_msg_errno = i < k->count ? k->errnos[i] : 0;
		base->sadb_msg_len = sizeof(*base) / 8;
		if (send(k->fd, buf, sizeof(*base), 0) < 0)
			break;
		i++;
	}
	return NULL;
}

/* Run a text against a kernel with these answers. */
static const struct unit_run *world_run(const char *text, struct setkey *sk, const uint8_t *errnos,
					size_t count)
{
	static unsigned char buf[PFKEY_MSG_MAX];
	struct world_kernel k = { .errnos = errnos, .count = count };
	const struct unit_run *run;
	pthread_t thread;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		return NULL;
	k.fd = fds[1];
	sk->sock = (struct pfkey_sock){ .fd = fds[0], .pid = WORLD_PID, .buf = buf };
	if (pthread_create(&thread, NULL, world_answer, &k)) {
		close(fds[0]);
		close(fds[1]);
		return NULL;
	}
	run = unit_run(text, sk);
	close(fds[0]);
	pthread_join(thread, NULL);
	close(fds[1]);
	return run;
}

/**
 * struct world_row - commands and what the kernel says to each message
 * @text: commands
 * @types: the types of the messages that must be sent
 * @errnos: errno of each answer in turn
 * @refused: is the exit status 2?
 * @err: part of standard error, or NULL if there must be none
 * @why: what the row is about
 */
struct world_row {
	const char *text;
	const char *types;
	uint8_t errnos[8];
	bool refused;
	const char *err;
	const char *why;
};

#define SA(verb)	verb " 10.0.0.1 10.0.0.2 esp 1 -E null "
#define LIMITS_HINT	"(Linux takes hard limits only together with soft ones"
#define SEL	" 10.1.0.0/24 10.2.0.0/24 any -P "

static const struct world_row world_rows[] = {
	{ .text = "spdflush; spdadd" SEL "out none;", .types = "13 0e",
	  .why = "a kernel that takes all" },
	{ .text = "spdflush; spdadd" SEL "out none; spdadd" SEL "out none;", .types = "13 0e 0e",
	  .errnos = { 0, 0, EEXIST }, .refused = true, .err = "spdadd: File exists",
	  .why = "a policy that is there is refused" },
	{ .text = "spdflush; spdadd" SEL "in none;", .types = "13 0e 0e", .errnos = { 0, 0, EEXIST },
	  .err = "warning: there is a fwd policy", .why = "a twin that is there is left alone" },
	/* what EINVAL is about, where that can be known */
	{ .text = SA("add") "-lh 10;", .types = "03", .errnos = { EINVAL }, .refused = true,
	  .err = LIMITS_HINT, .why = "an add with hard limits only" },
	{ .text = SA("update") "-bs 10 -ps 9;", .types = "02", .errnos = { EINVAL }, .refused = true,
	  .err = LIMITS_HINT, .why = "an update with soft limits only" },
	{ .text = SA("add") ";", .types = "03", .errnos = { EINVAL }, .refused = true,
	  .err = "add: Invalid argument\n", .why = "an add without limits" },
	{ .text = SA("update") "-lh 10 -bs 7;", .types = "02", .errnos = { EINVAL }, .refused = true,
	  .err = "update: Invalid argument\n", .why = "an update with both kinds of limits" },
	{ .text = SA("add") "-lh 10;" SA("add") ";", .types = "03 03", .errnos = { EEXIST, EINVAL },
	  .refused = true, .err = "add: Invalid argument\n", .why = "a hint is for its own command" },
	/* the twin's slot */
	{ .text = "spdflush; spdadd" SEL "in none; spdadd" SEL "fwd none; spdadd" SEL "fwd discard;",
	  .types = "13 0e 0e 0d 0e", .errnos = { 0, 0, 0, 0, EEXIST }, .refused = true,
	  .err = "spdadd: File exists", .why = "fwd takes the place of a twin once, not twice" },
	{ .text = "spdflush; spdadd" SEL "in none; spdupdate" SEL "fwd none; spdadd" SEL
		  "fwd discard;",
	  .types = "13 0e 0e 0d 0e", .errnos = { 0, 0, 0, 0, EEXIST }, .refused = true,
	  .err = "spdadd: File exists", .why = "an update of fwd takes the place of a twin too" },
	{ .text = "spdflush; spdadd" SEL "in none; spdflush; spdadd" SEL "fwd none;",
	  .types = "13 0e 0e 13 0e", .why = "spdflush forgets the twins" },
	{ .text = "spdflush; spdadd" SEL "in none; spddelete" SEL "in; spdadd" SEL "fwd none;",
	  .types = "13 0e 0e 0f 0f 0e", .why = "a twin that was deleted is forgotten" },
	{ .text = "spdflush; spdadd" SEL "in none; spddelete" SEL "fwd; spdadd" SEL "fwd none;",
	  .types = "13 0e 0e 0f 0e", .why = "a twin that is deleted as fwd is forgotten" },
	{ .text = "spdflush; spdadd" SEL "in none; spdadd" SEL "fwd none; spdupdate" SEL "in none;"
		  "spdadd" SEL "fwd none;",
	  .types = "13 0e 0e 0d 0d 0d 0d", .why = "an update of in makes a twin again" },
	{ .text = "spddelete" SEL "in; spddelete" SEL "fwd;", .types = "0f 0f 0f",
	  .errnos = { 0, 0, ENOENT }, .why = "deleting a twin that went with its in policy" },
	{ .text = "spdflush; spddelete" SEL "in; spddelete" SEL "fwd; spddelete" SEL "fwd;",
	  .types = "13 0f 0f 0f 0f", .errnos = { 0, 0, 0, ENOENT, ENOENT }, .refused = true,
	  .err = ":1:102: spddelete: No such file", .why = "deleting it again is a mistake" },
	{ .text = "spdflush; spddelete" SEL "fwd;", .types = "13 0f", .errnos = { 0, ENOENT },
	  .refused = true, .err = "spddelete: No such file", .why = "deleting a fwd policy that is not there" },
	{ .text = "spdflush; spddelete" SEL "in; spdflush; spddelete" SEL "fwd;",
	  .types = "13 0f 0f 13 0f", .errnos = { 0, 0, 0, 0, ENOENT }, .refused = true,
	  .err = "spddelete: No such file", .why = "spdflush forgets what was deleted" },
};

/* The types of all messages of a run. */
static bool world_types(const struct unit_run *run, const char *types)
{
	unsigned char want[32];
	size_t n = unit_unhex(types, want, sizeof(want)), off = 0, i;
	const struct sadb_msg *base;

	for (i = 0; i < n && off + sizeof(*base) <= run->len; i++) {
		base = (const struct sadb_msg *)(run->bytes + off);
		if (base->sadb_msg_type != want[i])
			return false;
		off += base->sadb_msg_len * 8u;
	}
	return i == n && off == run->len;
}

static void world_one(const struct world_row *row)
{
	struct setkey sk = { .numeric = true };
	const struct unit_run *run = world_run(row->text, &sk, row->errnos, sizeof(row->errnos));
	bool ok = run && !run->errors && sk.refused == row->refused &&
		  world_types(run, row->types) &&
		  (row->err ? !!strstr(run->err, row->err) : !run->err[0]);

	if (!unit_ok(ok, "kernel: %s", row->why) && run)
		unit_note("%s\nrefused %d\n%s\n%s", row->text, sk.refused, run->err, run->out);
}

/* A million lines ask the same of the C library: it must hear it once. */
static void world_asks(void)
{
	struct setkey sk = { 0 };
	const struct unit_run *run;

	world_asked = 0;
	run = unit_text("spdadd 10.0.0.1[ssh] 10.0.0.2[ssh] tcp -P out none;"
			"spdadd 10.0.0.3 10.0.0.2[ssh] rsvp -P out none;"
			"spdadd 10.0.0.4 10.0.0.2[ssh] rsvp -P out none;", &sk);
	/* ssh/udp, ssh/tcp, rsvp */
	if (!unit_ok(!run->errors && world_asked == 3, "a service or protocol is looked up once"))
		unit_note("%u questions\n%s", world_asked, run->err);
	world_asked = 0;
	run = unit_text("spdadd 10.0.0.1[shs] 10.0.0.2[shs] rvsp -P out none;", &sk);
	if (!unit_ok(run->errors == 3 && world_asked == 3, "also one that does not exist"))
		unit_note("%u questions\n%s", world_asked, run->err);
}

/**
 * struct world_name - options about names and a command
 * @text: command
 * @family: -4 or -6
 * @numeric: -N
 * @sources: family of the source of each message, by its digit
 * @err: part of what is wrong, or NULL
 */
struct world_name {
	const char *text;
	int family;
	bool numeric;
	const char *sources;
	const char *err;
};

static const struct world_name world_names[] = {
	{ "spdadd both both any -P out none;", 0, false, "46", NULL },
	{ "spdadd both both any -P out none;", AF_INET, false, "4", NULL },
	{ "spdadd both both any -P out none;", AF_INET6, false, "6", NULL },
	{ "spdadd -6 both both any -P out none;", AF_INET, false, "6", NULL },
	{ "spdadd both both any -P out none;", 0, true, "", "not a numeric address" },
	{ "spdadd six both any -P out none;", AF_INET, false, "", "'six'" },
	/* the command line is about names, a command's own -4 about its addresses */
	{ "spdadd fd00::1 fd00::2 any -P out none;", AF_INET, false, "6", NULL },
	{ "spdadd 10.0.0.1 both any -P out none;", AF_INET6, false, "", "same family" },
	{ "spdadd -4 fd00::1 fd00::2 any -P out none;", 0, false, "", "other family" },
	{ "spdadd 10.0.0.1 10.0.0.2 any -P out none;", AF_INET6, true, "4", NULL },
};

static void world_name(const struct world_name *row)
{
	struct setkey sk = { .dry = true, .family = row->family, .numeric = row->numeric };
	const struct unit_run *run = unit_run(row->text, &sk);
	const struct sadb_msg *base;
	struct sockaddr_storage sa;
	struct pfkey_fault fault;
	struct pfkey_msg msg;
	char got[8] = "";
	size_t off, n = 0;

	for (off = 0; off < run->len && n < sizeof(got) - 1; off += base->sadb_msg_len * 8u) {
		base = (const struct sadb_msg *)(run->bytes + off);
		if (pfkey_parse(base, base->sadb_msg_len * 8u, &msg, &fault))
			break;
		pfkey_get_address(&msg, SADB_EXT_ADDRESS_SRC, &sa);
		got[n++] = sa.ss_family == AF_INET ? '4' : '6';
	}
	if (!unit_ok(!strcmp(got, row->sources) && !run->errors == !row->err &&
		     (!row->err || strstr(run->err, row->err)), "names%s%s: %s",
		     row->family == AF_INET ? " -4" : row->family ? " -6" : "",
		     row->numeric ? " -N" : "", row->text))
		unit_note("families %s, wanted %s\n%s", got, row->sources, run->err);
}

/* Within a text a failure is remembered, in the next one the name may be there. */
static void world_late_name(void)
{
	struct setkey sk = { .dry = true };
	const struct unit_run *run;

	world_asked = 0;
	run = unit_run("spdadd late both any -P out none; spdadd late both any -P in none;", &sk);
	unit_ok(run->errors == 2 && world_asked == 2, "a name that fails is asked for once a text");
	world_late = true;
	run = unit_run("spdadd late both any -P out none;", &sk);
	unit_ok(!run->errors && run->len, "and again in the next text");
	world_asked = 0;
	unit_run("spdadd late both any -P out none;", &sk);
	unit_ok(!world_asked, "a name that resolved is remembered");
}

/**
 * test_world() - commands and answers
 */
void test_world(void)
{
	size_t i;

	for (i = 0; i < sizeof(world_rows) / sizeof(world_rows[0]); i++)
		world_one(&world_rows[i]);
	world_asks();
	world_late_name();
	for (i = 0; i < sizeof(world_names) / sizeof(world_names[0]); i++)
		world_name(&world_names[i]);
}
