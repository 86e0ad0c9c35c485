// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer: what a client of the control socket may send, as JSON (first byte
 * even) or as the record and the frames between our processes (odd). What is
 * understood must come back the same from every form.
 */
#include <string.h>

#include "../fuzz/fuzz.h"
#include "ctl/frame.h"
#include "ctl/proto.h"

/* struct, record, JSON and back: nothing is lost on the way */
static void same_in_all_forms(const struct ctl_request *req)
{
	struct ctl_request again;
	struct writer w = { 0 };
	struct ctl_error err;
	struct reader r;
	char *text;

	ctl_request_pack(req, &w);
	r = reader(writer_chunk(&w));
	MUST(ctl_request_unpack(&r, &again));
	MUST(!memcmp(req, &again, sizeof(again)));
	writer_free(&w);
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
	struct frame_join join = { 0 };
	struct ctl_request req;
	struct reader r = reader(bytes);
	struct frame f;

	ctl_request_unpack(&r, &req);
	if (!frame_read(bytes, &f))
		return;
	if (frame_join(&join, &f) > 0)
		MUST(chunk_equal(writer_chunk(&join.text), f.text));
	frame_join_free(&join);
	r = reader(f.text);
	ctl_request_unpack(&r, &req);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] & 1)
		fuzz_record(chunk(data + 1, size - 1));
	else
		fuzz_json(chunk(data + 1, size - 1));
	return 0;
}
