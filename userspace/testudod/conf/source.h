/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The files that a configuration is made of. The monitor reads them from disk;
 * the processes without a file system read the same ones from memory, so all
 * of them see the same configuration.
 */
#ifndef TESTUDOD_CONF_SOURCE_H
#define TESTUDOD_CONF_SOURCE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/list.h"

/**
 * struct source_file - one file
 * @link: in struct source
 * @name: as it was asked for, absolute or relative to the working directory
 * @data: its content with a zero byte after it
 * @error: errno of opening it, 0 if it was read
 */
struct source_file {
	TAILQ_ENTRY(source_file)
	link;
	char *name;
	struct blob data;
	int error;
};

/**
 * struct source - all of them
 * @files: in the order they were asked for
 * @from_disk: a file that is not there yet is read from disk
 */
struct source {
	TAILQ_HEAD(, source_file)
	files;
	bool from_disk;
};

void source_init(struct source *s);
void source_free(struct source *s);
/* the file, read on first use; never NULL: look at @error */
const struct source_file *source_open(struct source *s, const char *name);
/* is it among them already? */
bool source_has(const struct source *s, const char *name);
/*
 * The regular files of a folder, sorted, each name followed by '\n'; those that
 * begin with a dot are left out. It is kept in the source as "DIR/".
 */
const struct source_file *source_list(struct source *s, const char *dir);
/* takes a copy; one of the same name goes */
void source_add(struct source *s, const char *name, struct chunk data, int error);
/* all of it as bytes, and back; false if they are not what source_pack() makes */
struct blob source_pack(const struct source *s);
bool source_unpack(struct source *s, struct chunk packed);

#endif /* TESTUDOD_CONF_SOURCE_H */
