// SPDX-License-Identifier: GPL-2.0
/*
 * The net process' end of the line to the ctl process: requests and reloads are
 * answered, events are for who asked, and a ctl that lies, sleeps or goes does
 * no harm.
 */
#include <event2/event.h>
#include <string.h>
#include <unistd.h>

#include "ctl/link.h"
#include "ctl_ends.h"
#include "engine/ops.h"
#include "world.h"

/**
 * struct line - a link with a test at its other end
 * @base: loop
 * @link: link
 * @ctl: the other end
 * @reload: id of the reload that was asked for
 * @dry: it was a trial
 * @gone: how often ctl was gone
 */
struct line {
	struct event_base *base;
	struct ctl_link *link;
	int ctl;
	uint32_t reload;
	bool dry;
	unsigned int gone;
};

static void line_reload(void *arg, uint32_t id, bool dry_run)
{
	struct line *line = arg;

	line->reload = id;
	line->dry = dry_run;
}

static void line_gone(void *arg)
{
	((struct line *)arg)->gone++;
}

static const struct ctl_link_ops line_ops = { .reload = line_reload, .gone = line_gone };

static void line_open(struct line *line, struct ike *ike)
{
	int fd[2];

	pair(fd);
	line->ctl = fd[0];
	line->link = ctl_link_new(line->base, fd[1], ike, &line_ops, line);
}

static void line_close(struct line *line)
{
	ctl_link_free(line->link);
	event_base_free(line->base);
	close(line->ctl);
}

static void line_pump(struct line *line)
{
	unsigned int i;

	for (i = 0; i < 20; i++)
		event_base_loop(line->base, EVLOOP_NONBLOCK);
}

static void line_ask(struct line *line, uint32_t id, const struct ctl_request *req)
{
	struct writer w = { 0 };

	ctl_request_pack(req, &w);
	tell(line->ctl, FRAME_REQUEST, id, writer_chunk(&w));
	writer_free(&w);
	line_pump(line);
}

static void test_link(void **state)
{
	static const char conf[] = "remote 10.0.0.2 { exchange_mode main; proposal {\n"
				   "encryption_algorithm aes; hash_algorithm sha256;\n"
				   "authentication_method pre_shared_key; dh_group 14; } }\n"
				   "sainfo anonymous { encryption_algorithm aes;\n"
				   "authentication_algorithm hmac_sha256; }\n";
	const struct ike_event ev = { .kind = EVENT_STARTED, .text = "hello" };
	struct ctl_request req = { .verb = CTL_STATUS };
	struct world *w = world_new(conf, NULL, conf, NULL);
	struct line line = { .base = event_base_new() };
	struct frame f;

	(void)state;
	line_open(&line, w->side[0].ike);
	line_ask(&line, 5, &req);
	assert_true(hear(line.ctl, &f));
	assert_int_equal(f.id, 5);
	/* nobody has asked for events */
	ctl_link_event(line.link, &ev);
	assert_false(hear(line.ctl, &f));
	req.verb = CTL_SUBSCRIBE;
	line_ask(&line, 6, &req);
	assert_string_equal(hear_error(line.ctl), "");
	ctl_link_event(line.link, &ev);
	assert_true(hear(line.ctl, &f));
	assert_int_equal(f.kind, FRAME_EVENT);
	/* a reload is answered when it is over */
	req = (struct ctl_request){ .verb = CTL_RELOAD, .dry_run = true };
	line_ask(&line, 7, &req);
	assert_int_equal(line.reload, 7);
	assert_true(line.dry);
	assert_false(hear(line.ctl, &f));
	ctl_link_done(line.link, 7, false, "racoon.conf:1:1: error: x");
	assert_non_null(strstr(hear_error(line.ctl), "can not be taken"));
	ctl_link_done(line.link, 7, true, NULL);
	assert_string_equal(hear_error(line.ctl), "");
	ctl_link_refuse(line.link, 7, "a reload is under way", NULL);
	assert_string_equal(hear_error(line.ctl), "a reload is under way");
	/* what ctl says is checked */
	req = (struct ctl_request){ .verb = CTL_VERBS };
	line_ask(&line, 8, &req);
	assert_int_equal(send(line.ctl, "junk", 4, 0), 4);
	line_pump(&line);
	assert_false(hear(line.ctl, &f));
	/* and it may go, and come again */
	close(line.ctl);
	line_pump(&line);
	assert_int_equal(line.gone, 1);
	ctl_link_event(line.link, &ev);
	ctl_link_done(line.link, 9, true, NULL);
	ctl_link_free(line.link);
	line_open(&line, w->side[0].ike);
	req = (struct ctl_request){ .verb = CTL_METRICS };
	line_ask(&line, 1, &req);
	assert_true(hear(line.ctl, &f));
	line_close(&line);
	world_free(w);
}

/* ctl does not read: net goes on, and what waits is bounded. */
static void test_link_stuck(void **state)
{
	const struct ike_event ev = { .kind = EVENT_PHASE1_FAILED, .text = "x", .reason = "y" };
	struct ctl_request req = { .verb = CTL_SUBSCRIBE };
	struct line line = { .base = event_base_new() };
	unsigned int i, n = 0;
	struct frame f;

	(void)state;
	line_open(&line, NULL);
	line_ask(&line, 1, &req);
	for (i = 0; i < 50000; i++)
		ctl_link_event(line.link, &ev);
	do {
		while (hear(line.ctl, &f))
			n++;
		line_pump(&line);
	} while (hear(line.ctl, &f) && n++);
	assert_true(n > 1000 && n < 50000);
	line_close(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_link_stuck),
	};

	log_to_file("/dev/null");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
