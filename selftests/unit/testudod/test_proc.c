// SPDX-License-Identifier: GPL-2.0
/*
 * test_proc - the monitor with its children, where this program is started again as the
 * children, and its net process is the puppet of puppet.c.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/timer.h"
#include "certs.h"
#include "proc/facts.h"
#include "proc/monitor.h"
#include "puppet.h"

/* until something that must come has failed to: on a slow machine a process takes seconds */
#define LONG_MS 60000

/* ---- files ---- */

static void write_file(const char *name, const char *text, mode_t mode)
{
	char *path = xasprintf("%s/%s", certs_dir, name);

	certs_write(name, chunk_str(text));
	assert_int_equal(chmod(path, mode), 0);
	free(path);
}

/* ---- the log's level ---- */

static bool log_says(const char *text)
{
	struct blob log = certs_file("level.log");
	bool found = log.n && memmem(log.p, log.n, text, strlen(text));

	blob_free(&log);
	return found;
}

static struct source *source_of(const char *text)
{
	static const struct conf_say quiet = { 0 };
	struct source *src = xcalloc(1, sizeof(*src));
	struct conf *conf;

	source_init(src);
	source_add(src, "racoon.conf", chunk_str(text), 0);
	conf = conf_load(src, "racoon.conf", false, &quiet);
	assert_non_null(conf);
	facts_add(src, conf);
	conf_free(conf);
	return src;
}

/* a new file counts, also one that says nothing of it any more; but -d goes before all of them */
static void the_level_is_that_of_the_file(void **state)
{
	static const struct {
		const char *text;
		bool said;
		bool debug;
	} rows[] = {
		{ "log debug;\n", false, true },
		{ "log info;\n", false, false },
		{ "log debug;\n", false, true },
		{ "# nothing\n", false, false },
		{ "log debug;\n", true, false },
	};
	char *path = xasprintf("%s/level.log", certs_dir), mark[16];
	struct child c = { .conf_name = "racoon.conf" };
	size_t i;

	(void)state;
	assert_int_equal(log_to_file(path), 0);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		c.log_level_said = rows[i].said;
		assert_true(child_take_source(&c, source_of(rows[i].text)));
		snprintf(mark, sizeof(mark), "mark %zu", i);
		log_debug("%s", mark);
		if (log_says(mark) != rows[i].debug)
			fail_msg("row %zu", i);
	}
	conf_free(c.conf);
	child_source_free(c.src);
	log_to_stderr();
	log_set_level(LOG_LEVEL_ERROR);
	unlink(path);
	free(path);
}

/* ---- the test's side ---- */

static pid_t monitor;
static int listener;
static int wire;

/* the next line of the puppet; "" if none comes */
static const char *hear(void)
{
	static char text[1024];
	struct pollfd p = { .fd = wire, .events = POLLIN };
	ssize_t n = poll(&p, 1, LONG_MS) > 0 ? recv(wire, text, sizeof(text) - 1, 0) : 0;

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void tell(const char *text)
{
	assert_int_equal(send(wire, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void expect(const char *command, const char *answer)
{
	const char *heard;

	tell(command);
	heard = hear();
	if (!strstr(heard, answer))
		fail_msg("%s: \"%s\" and not \"%s\"", command, heard, answer);
}

/* a net process has been started: talk to it */
static void meet(void)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };
	const char *heard;

	do {
		if (wire >= 0)
			close(wire);
		assert_int_equal(poll(&p, 1, LONG_MS), 1);
		wire = accept(listener, NULL, NULL);
		assert_true(wire >= 0);
		heard = hear();
		/* one that ends before it runs is started again */
	} while (!*heard);
	assert_string_equal(heard, "ready");
}

static void write_conf(const char *extra)
{
	char *text = xasprintf("path pre_shared_key \"%s/psk.txt\";\npath certificate \"%s/ca\";\n"
			       "path pidfile \"%s/pid\";\n"
			       "remote \"gw\" {\n\tremote_address 10.0.0.2;\n\texchange_mode main;\n"
			       "\tcertificate_type x509 \"%s/work/p256.pem\" \"%s/work/p256.key\";\n"
			       "\tscript \"%s/script\" phase1_up;\n"
			       "\tproposal {\n\t\tencryption_algorithm aes 256;\n\t\thash_algorithm sha256;\n"
			       "\t\tauthentication_method rsasig;\n\t\tdh_group 14;\n\t}\n}\n%s",
			       certs_dir, certs_dir, certs_dir, certs_dir, certs_dir, certs_dir, extra);

	write_file("racoon.conf", text, 0644);
	free(text);
}

#define KEYED "proposal { encryption_algorithm aes 256; hash_algorithm sha256; authentication_method pre_shared_key; dh_group 14; }"

static char **own_argv;

static void run_monitor(void)
{
	char *conf = xasprintf("%s/racoon.conf", certs_dir);
	char *argv[] = { own_argv[0], conf, NULL };
	const struct monitor_options opt = {
		.argc = 2,
		.argv = argv,
		.conf = conf,
		.insecure = false,
		.log_level_said = true,
		.hooks = &puppet_hooks,
	};

	log_set_level(LOG_LEVEL_DEBUG);
	if (!freopen("/dev/null", "w", stdout))
		_exit(9);
	if (log_to_file(getenv("TEST_PROC_LOG")))
		_exit(9);
	_exit(monitor_run(&opt));
}

/* until that command succeeds in the folder */
static bool comes_true(const char *cmd)
{
	int i;

	for (i = 0; i < LONG_MS / 50 && !certs_run(cmd); i++)
		poll(NULL, 0, 50);
	return i < LONG_MS / 50;
}

static bool log_has(const char *text)
{
	char *cmd = xasprintf("grep -qaF '%s' monitor.log", text);
	bool has = comes_true(cmd);

	free(cmd);
	return has;
}

static int start(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char *log;

	if (certs_make(state))
		return -1;
	setenv(PUPPET_DIR, certs_dir, 1);
	write_file("monitor.log", "", 0666);
	log = xasprintf("%s/monitor.log", certs_dir);
	setenv("TEST_PROC_LOG", log, 1);
	free(log);
	write_file("psk.txt", "10.0.0.2 first secret\na.test second\nb.test 0xabc\n", 0600);
	write_file("script", "#!/bin/sh\n{ echo \"$0 $*\"; env; } >\"${0%/*}/ran.new\"; "
			     "mv \"${0%/*}/ran.new\" \"${0%/*}/ran\"\n",
		   0755);
	certs_run("chmod 0600 work/*.key");
	chmod(certs_dir, 0755);
	write_conf("");
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/" PUPPET_WIRE, certs_dir);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&sun, sizeof(sun)) || listen(listener, 4))
		return -1;
	wire = -1;
	monitor = fork();
	if (!monitor)
		run_monitor();
	meet();
	/* net may be there before the others are */
	return log_has("all processes run") ? 0 : -1;
}

static int finish(void **state)
{
	if (monitor > 0)
		kill(monitor, SIGKILL);
	return certs_remove(state);
}

static void secrets_are_used_and_kept(void **state)
{
	(void)state;
	/* HMAC-SHA-256 of "data", from Python */
	expect("psk 10.0.0.2", "psk 8546df7e");
	expect("psk a.test", "psk 8384efe4");
	expect("psk 10.0.0.9", "couldn't find the pskey for 10.0.0.9");
	expect("psk 10.0.0.9", "psk.txt has no line for 10.0.0.9");
	expect("psk b.test", "psk.txt:3 has no hexadecimal key");
	expect("sign gw", "signature good");
	expect("sign nobody", "no remote");
}

static void walls_stand(void **state)
{
	(void)state;
	if (getuid())
		skip();
#if defined(__SANITIZE_ADDRESS__)
	/* no filter: but the root directory is empty, and dead */
	expect("walls", "uid 1 root shut file 0 key 0 psk 0 unix 1 udp 1");
#else
	expect("walls", "uid 1 root shut file 0 key 0 psk 0 unix 0 udp 1");
#endif
}

/* the keys process: the monitor's child of that name */
static void signal_keys(const char *sig)
{
	char *cmd = xasprintf("for p in $(cat /proc/$(cat pid)/task/*/children); do "
			      "[ $(cat /proc/$p/comm) = keys ] && kill -%s $p; done; true",
			      sig);

	assert_true(certs_run(cmd));
	free(cmd);
}

/*
 * A question to keys, and one of keys to the monitor: each waits longer than a machine stands still.
 * But not for ever: when it is ourselves who let them wait, once more.
 */
static void who_stands_still_is_waited_for(void **state)
{
	const char *heard = "";
	uint64_t begun;
	bool late = true;
	int i;

	(void)state;
	for (i = 0; i < 10 && late && strcmp(heard, "psk 8546df7e"); i++) {
		signal_keys("STOP");
		assert_int_equal(kill(monitor, SIGSTOP), 0);
		tell("psk 10.0.0.2");
		begun = timer_now();
		poll(NULL, 0, 3200);
		signal_keys("CONT");
		poll(NULL, 0, 2200);
		assert_int_equal(kill(monitor, SIGCONT), 0);
		late = timer_now() - begun > 7000;
		heard = hear();
	}
	assert_string_equal(heard, "psk 8546df7e");
}

/* what the kernel says about each of them */
static void walls_from_outside(void **state)
{
	static const char *const want[] = {
		"NoNewPrivs:.1",
		"CapEff:.0000000000000000",
		"CapPrm:.0000000000000000",
		"CapInh:.0000000000000000",
		"CapAmb:.0000000000000000",
		"Groups:[^0-9]*$",
#if !defined(__SANITIZE_ADDRESS__)
		"Seccomp:.2",
#endif
	};
	size_t i;

	(void)state;
	if (getuid())
		skip();
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		char *cmd = xasprintf("n=0; for p in $(cat /proc/$(cat pid)/task/*/children); do "
				      "grep -q '^%s' /proc/$p/status || exit 1; n=$((n+1)); done; "
				      "test $n = 3",
				      want[i]);

		if (!certs_run(cmd))
			fail_msg("%s", want[i]);
		free(cmd);
	}
	/* no debugger but root's: such a process' files in /proc are root's */
	assert_true(certs_run("for p in $(cat /proc/$(cat pid)/task/*/children); do "
				   "test $(stat -c %u /proc/$p/environ) = 0 || exit 1; "
				   "grep -q '^Uid:.0' /proc/$p/status && exit 1; done; true"));
}

static void psk_file_is_read_each_time(void **state)
{
	(void)state;
	write_file("psk.txt", "10.0.0.2 other\n", 0600);
	expect("psk 10.0.0.2", "psk 5285a949");
	write_file("psk.txt", "10.0.0.2 other\n", 0644);
	expect("psk 10.0.0.2", "no 3 ");
	expect("psk 10.0.0.2", "mode 0644 lets others at it");
	certs_run("rm psk.txt");
	expect("psk 10.0.0.2", "psk.txt: No such file");
	if (!getuid()) {
		write_file("psk.txt", "10.0.0.2 other\n", 0600);
		certs_run("chown 12345 psk.txt");
		expect("psk 10.0.0.2", "belongs to user 12345");
		certs_run("rm psk.txt");
	}
	write_file("psk.txt", "10.0.0.2 first secret\n", 0600);
	expect("psk 10.0.0.2", "psk 8546df7e");
}

static void files_are_read_again(void **state)
{
	(void)state;
	/* a bad file: the old one stays, and who asked hears why */
	write_conf("remote { nonsense");
	expect("reload", "reloaded 0 ");
	expect("sign gw", "signature good");
	/* only looked at: each error on a line, and no process hears of a file that would do */
	write_conf("log nonsense;\nlisten { isakmp nowhere; }\n");
	expect("check", "checked 0 ");
	write_conf("# changed\n");
	expect("check", "checked 1 ");
	expect("reload", "source 1");
	assert_string_equal(hear(), "reloaded 1 ");
	assert_true(log_has("the control process has taken 1"));
	/* a zone takes a system call in each process */
	write_conf("listen { isakmp fe80::1%lo [500]; strict_address; }\n");
	assert_int_equal(kill(monitor, SIGHUP), 0);
	assert_string_equal(hear(), "socket 79");
	assert_string_equal(hear(), "source 1");
	assert_true(log_has("kept: port 500"));
	expect("sign gw", "signature good");
	assert_int_equal(kill(monitor, SIGUSR1), 0);
	assert_string_equal(hear(), "usr1");
	/* a private key that others can read is not used */
	certs_run("chmod 0644 work/p256.key");
	expect("reload", "source 1");
	assert_string_equal(hear(), "reloaded 1 ");
	expect("sign gw", "owner or mode is wrong");
	certs_run("chmod 0600 work/p256.key");
	expect("reload", "source 1");
	assert_string_equal(hear(), "reloaded 1 ");
	expect("sign gw", "signature good");
}

/* the keys process has it, and the one that talks to the network asterisks */
static void secrets_of_the_configuration(void **state)
{
	(void)state;
	write_file("psk.txt", "a.test second\n10.0.0.2 first secret\n10.0.0.7 other\n", 0600);
	write_conf("remote 10.0.0.5 { shared_secret use \"first secret\"; " KEYED " }\n"
		   "remote 10.0.0.6 { shared_secret key \"a.test\"; " KEYED " }\n"
		   "remote 10.0.0.7 { shared_secret key \"none\"; " KEYED " }\n");
	/* a file for all to read must have none */
	expect("check", "racoon.conf: mode 0644 lets others at it");
	expect("reload", "reloaded 0 ");
	certs_run("chmod 0600 racoon.conf");
	expect("reload", "source 1");
	assert_string_equal(hear(), "reloaded 1 ");
	expect("psk 10.0.0.5", "psk 8546df7e");
	expect("psk 10.0.0.6", "psk 8384efe4");
	/* the line of that name, and not the peer's */
	expect("psk 10.0.0.7", "psk.txt has no line for it");
	expect("psk 10.0.0.2", "psk 8546df7e");
	expect("given shared_secret use \"************\"", "given 1");
	expect("given first secret", "given 0");
	/* without psk.txt as well */
	write_file("racoon.conf", "remote 10.0.0.5 { shared_secret use \"first secret\"; " KEYED " }\n", 0600);
	expect("reload", "source 1");
	assert_string_equal(hear(), "reloaded 1 path pidfile has changed: that takes a restart of testudod");
	expect("psk 10.0.0.5", "psk 8546df7e");
	expect("psk 10.0.0.9", "there is no \"path pre_shared_key\"");
	write_file("psk.txt", "10.0.0.2 first secret\n", 0600);
	write_conf("");
	expect("reload", "source 1");
	hear();
}

static void the_rest_takes_a_restart(void **state)
{
	(void)state;
	/* where it can not listen is an error of the file: no socket, no source */
	write_conf("listen { isakmp 10.0.0.1 [1]; }\n");
	expect("reload", "reloaded 0 where it wants to listen it can not: Address already in use");
	/* what processes were made with they keep, and say so */
	write_conf("pfkey_buffer 100;\nprivsep { user \"nobody\"; }\n");
	expect("check", "checked 1 privsep { user ...; } has changed: that takes a restart of testudod\n"
			"pfkey_buffer has changed: that takes a restart of testudod");
	expect("reload", "source 1");
	assert_string_equal(hear(), "reloaded 1 privsep { user ...; } has changed: that takes a restart of testudod\n"
				    "pfkey_buffer has changed: that takes a restart of testudod");
	/* it was compared with what is in force */
	expect("reload", "source 1");
	assert_string_equal(hear(), "reloaded 1 ");
	write_conf("");
	expect("reload", "source 1");
	hear();
}

static void scripts_are_those_of_the_file(void **state)
{
	struct blob ran;

	(void)state;
	tell("script nobody");
	tell("script gw");
	assert_true(comes_true("test -e ran"));
	ran = certs_file("ran");
	assert_non_null(memmem(ran.p, ran.n, "script phase1_up\n", 17));
	assert_non_null(memmem(ran.p, ran.n, "REMOTE_ADDR=10.0.0.2\n", 21));
	/* controls are gone, the rest is the script's to quote */
	assert_non_null(memmem(ran.p, ran.n, "REMOTE_ID=fqdn a\\1b[0m;`id`\n", 28));
	assert_null(memmem(ran.p, ran.n, "LD_PRELOAD", 10));
	assert_null(memmem(ran.p, ran.n, "PATH=/tmp", 9));
	assert_null(memmem(ran.p, ran.n, "TEST_PROC_DIR", 13));
	blob_free(&ran);
	certs_run("rm ran; chmod 0777 script");
	tell("script gw");
	assert_true(log_has("lets others change it"));
	certs_run("chmod 0755 script");
}

#define TALLY "#!/bin/sh\nsleep %s; echo >>\"${0%%/*}/tally\"\n"

static void write_script(const char *seconds)
{
	char *text = xasprintf(TALLY, seconds);

	certs_run("rm -f script tally");
	write_file("script", text, 0755);
	free(text);
}

static void reload_with(const char *extra)
{
	write_conf(extra);
	expect("reload", "source 1");
	assert_string_equal(hear(), "reloaded 1 ");
}

/* a peer that is in the file no more: what its SAs had done is undone */
static void who_has_left_has_a_script(void **state)
{
	char *old = xasprintf("remote \"old\" { remote_address 10.0.0.3; script \"%s/script\" phase1_up;\n"
			      "script \"%s/script\" phase1_down; " KEYED " }\n",
			      certs_dir, certs_dir);

	(void)state;
	write_script("0");
	reload_with(old);
	reload_with("");
	tell("script old");
	tell("down old");
	assert_true(comes_true("test $(wc -l <tally) = 1"));
	reload_with("# and now forgotten\n");
	tell("down old");
	tell("script gw");
	assert_true(comes_true("test $(wc -l <tally) = 2"));
	free(old);
}

/* also when the monitor hears of the end before it hears of the script */
static void the_dead_have_last_words(void **state)
{
	int i;

	(void)state;
	write_script("0");
	assert_int_equal(kill(monitor, SIGSTOP), 0);
	for (i = 0; i < 3; i++)
		tell("script gw");
	tell("crash");
	assert_string_equal(hear(), "");
	assert_int_equal(kill(monitor, SIGCONT), 0);
	meet();
	assert_true(comes_true("test $(wc -l <tally) = 3"));
}

static void the_dead_come_back(void **state)
{
	(void)state;
	tell("crash");
	meet();
	assert_true(log_has("the net process was ended by signal 9"));
	expect("psk 10.0.0.2", "psk 8546df7e");
	expect("sign gw", "signature good");
	/* a net process that wants what is not its own has been taken over */
	tell("steal");
	meet();
	assert_true(log_has("asked for what it has no right to"));
	/* and one that calls what its filter does not allow is killed, and named */
#if !defined(__SANITIZE_ADDRESS__)
	tell("exec");
	meet();
	assert_true(log_has("the net process was killed for a system call"));
#endif
	expect("psk 10.0.0.2", "psk 8546df7e");
}

static void keys_come_back(void **state)
{
	const char *heard;

	(void)state;
	signal_keys("9");
	do
		heard = hear();
	while (*heard && strcmp(heard, "peer keys"));
	assert_string_equal(heard, "peer keys");
	expect("psk 10.0.0.2", "psk 8546df7e");
	expect("sign gw", "signature good");
}

static void nothing_secret_is_logged(void **state)
{
	struct blob log = certs_file("monitor.log");

	(void)state;
	assert_true(log.n > 100);
	assert_null(memmem(log.p, log.n, "first secret", 12));
	assert_null(memmem(log.p, log.n, "PRIVATE", 7));
	blob_free(&log);
}

static void end_by(int sig, const char *word)
{
	int status = -1;
	const char *heard;

	assert_int_equal(kill(monitor, sig), 0);
	do
		heard = hear();
	while (*heard && strcmp(heard, word));
	assert_string_equal(heard, word);
	assert_int_equal(waitpid(monitor, &status, 0), monitor);
	monitor = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_false(certs_run("test -e pid"));
	assert_true(log_has("kept: none"));
}

static void the_end_is_in_order(void **state)
{
	(void)state;
	end_by(SIGTERM, "stop");
}

/* a script that undoes what another has done is not left to whoever ends us */
static void the_end_waits_for_scripts(void **state)
{
	write_script("1");
	tell("script gw");
	/* it has asked for that by now */
	expect("given nothing of the kind", "given 0");
	the_end_is_in_order(state);
	assert_true(certs_run("test -e tally"));
}

static void the_end_may_leave_everything(void **state)
{
	(void)state;
	end_by(SIGUSR2, "leave");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest alone[] = {
		cmocka_unit_test(the_level_is_that_of_the_file),
	};
	const struct CMUnitTest together[] = {
		cmocka_unit_test(secrets_are_used_and_kept),
		cmocka_unit_test(who_stands_still_is_waited_for),
		cmocka_unit_test(walls_stand),
		cmocka_unit_test(walls_from_outside),
		cmocka_unit_test(psk_file_is_read_each_time),
		cmocka_unit_test(files_are_read_again),
		cmocka_unit_test(secrets_of_the_configuration),
		cmocka_unit_test(the_rest_takes_a_restart),
		cmocka_unit_test(scripts_are_those_of_the_file),
		cmocka_unit_test(who_has_left_has_a_script),
		cmocka_unit_test(the_dead_have_last_words),
		cmocka_unit_test(the_dead_come_back),
		cmocka_unit_test(keys_come_back),
		cmocka_unit_test(nothing_secret_is_logged),
		cmocka_unit_test(the_end_waits_for_scripts),
	};
	const struct CMUnitTest again[] = {
		cmocka_unit_test(the_end_may_leave_everything),
	};
	int failed;

	if (argc > 3 && !strcmp(argv[1], "--process")) {
		const struct monitor_options opt = { .argc = argc, .argv = argv, .conf = argv[3], .log_level_said = true, .hooks = &puppet_hooks };

		log_set_level(LOG_LEVEL_DEBUG);
		log_to_file(getenv("TEST_PROC_LOG"));
		return monitor_child(proc_role_by_name(argv[2]), &opt);
	}
	own_argv = argv;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	log_set_level(LOG_LEVEL_ERROR);
	failed = cmocka_run_group_tests(alone, certs_make_dir, certs_remove);
	failed += cmocka_run_group_tests(together, start, finish);
	return failed + cmocka_run_group_tests(again, start, finish);
}
