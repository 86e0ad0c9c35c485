// SPDX-License-Identifier: GPL-2.0
/*
 * Good SADB_ADDs that are spoilt: each one gets its errno, and changes nothing.
 */
#include <string.h>

#include "harness.h"
#include "msg.h"
#include "rows.h"

/* What came of a refused message: nothing. */
void nothing_changed(int fd)
{
	struct msg m;

	EQ(k_count_sa(fd, 0), 0);
	EQ(k_count_sp(fd), 0);
	m_add(&m, SADB_ADD, 0x7777, SRC, DST);
	EQ(k_do(fd, &m), 0);
	m_begin(&m, SADB_FLUSH, 0);
	EQ(k_do(fd, &m), 0);
	k_quiet(fd, 0);
}

void run_rows(const struct row *rows, size_t n)
{
	int fd = k_open();
	struct msg m;
	size_t i;

	for (i = 0; i < n; i++) {
		test_in_row(rows[i].why);
		m_add(&m, SADB_ADD, 0x1000, SRC, DST);
		rows[i].spoil(&m);
		EQ(k_do(fd, &m), rows[i].err);
		if (rows[i].err) {
			nothing_changed(fd);
			continue;
		}
		EQ(k_count_sa(fd, 0), 1);
		m_begin(&m, SADB_FLUSH, 0);
		EQ(k_do(fd, &m), 0);
	}
}

/* Begins anew without one extension, so that another can take its place. */
void without(struct msg *m, unsigned int type)
{
	static struct msg old;
	struct sadb_ext *ext;
	size_t off, bytes;

	memcpy(&old, m, sizeof(old));
	m->len = sizeof(m->base);
	for (off = sizeof(m->base); off < old.len; off += bytes) {
		ext = (struct sadb_ext *)(old.b + off);
		bytes = ext->sadb_ext_len * 8;
		if (ext->sadb_ext_type == type)
			continue;
		memcpy(m->b + m->len, ext, bytes);
		m->last = m->len;
		m->len += bytes;
	}
	memset(m->b + m->len, 0, sizeof(m->b) - m->len);
	m_end(m);
}
