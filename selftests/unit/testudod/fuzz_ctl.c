// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer: what a client of the control socket may send, as JSON (first byte 0),
 * and what our processes hand to each other: the record of a request and the frame it
 * is in (1), texts in several frames (2). What is understood must come back the same
 * from every form.
 */
#include <string.h>

#include "../fuzz/fuzz.h"
#include "ctl/frame.h"
#include "ctl/proto.h"
#include "fuzz_help.h"

/* struct, record and back: nothing is lost on the way */
static void same_as_record(const struct ctl_request *req)
{
	struct ctl_request again;
	struct writer w = { 0 };
	struct reader r;

	ctl_request_pack(req, &w);
	r = reader(writer_chunk(&w));
	MUST(ctl_request_unpack(&r, &again));
	MUST(memchr(req->name, 0, sizeof(req->name)) && !strcmp(req->name, again.name));
	/* nobody looks behind its end */
	memcpy(again.name, req->name, sizeof(again.name));
	MUST(!memcmp(req, &again, sizeof(again)));
	writer_free(&w);
}

static void same_in_all_forms(const struct ctl_request *req)
{
	struct ctl_request again;
	struct ctl_error err;
	char *text;

	same_as_record(req);
	text = ctl_request_json(req);
	MUST(ctl_request_parse(chunk_str(text), &again, &err));
	MUST(!memcmp(req, &again, sizeof(again)));
	free(text);
}

static void fuzz_json(struct chunk text)
{
	struct ctl_request req;
	struct ctl_error err;
	char *answer;

	if (ctl_request_parse(text, &req, &err)) {
		same_in_all_forms(&req);
		return;
	}
	answer = ctl_error_json(&err);
	MUST(err.what[0] && strstr(answer, "\"error\""));
	free(answer);
}

static void fuzz_record(struct chunk bytes)
{
	struct ctl_request req;
	struct reader r = reader(bytes);
	struct frame f;

	if (ctl_request_unpack(&r, &req))
		same_as_record(&req);
	if (!frame_read(bytes, &f))
		return;
	r = reader(f.text);
	if (ctl_request_unpack(&r, &req))
		same_as_record(&req);
}

/* what was joined is cut again, and the pieces are those that a receiver takes */
static void cut_again(struct chunk text)
{
	struct frame_join join = { 0 };
	struct frame_item *item;
	struct frame_queue q;
	struct frame f;
	int whole = 0;

	frame_queue_init(&q, 1 << 20);
	MUST(frame_queue_text(&q, FRAME_EVENT, 7, text));
	TAILQ_FOREACH(item, &q.items, link) {
		MUST(!whole && frame_read(blob_chunk(&item->bytes), &f) && f.id == 7);
		whole = frame_join(&join, &f);
	}
	MUST(whole == 1 && chunk_equal(writer_chunk(&join.text), text));
	frame_join_free(&join);
	frame_queue_free(&q);
}

/* datagrams, each with its length before it */
static void fuzz_frames(struct chunk bytes)
{
	struct frame_join join = { 0 };
	struct reader r = reader(bytes);
	unsigned int next = 0;
	size_t sum = 0;
	struct frame f;
	int more;

	while (r.n) {
		if (!frame_read(get_some(&r), &f))
			continue;
		more = frame_join(&join, &f);
		sum += f.text.n;
		MUST(more < 0 || (f.part == next++ && join.text.n == sum));
		if (more > 0)
			cut_again(writer_chunk(&join.text));
		if (!more)
			continue;
		frame_join_free(&join);
		sum = next = 0;
	}
	frame_join_free(&join);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(struct chunk) = { fuzz_json, fuzz_record, fuzz_frames };

	if (size)
		kinds[data[0] % 3](chunk(data + 1, size - 1));
	return 0;
}
