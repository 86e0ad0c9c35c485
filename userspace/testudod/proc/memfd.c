// SPDX-License-Identifier: GPL-2.0
/*
 * Files behind descriptors, and sealed memfds: the sender can not change what the receiver has begun to read,
 * and the receiver can not be made to read for ever.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc/memfd.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int write_all(int fd, struct chunk data)
{
	while (data.n) {
		ssize_t n = write(fd, data.p, data.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		data.p += n;
		data.n -= (size_t)n;
	}
	return 0;
}

int memfd_from(struct chunk data)
{
	int fd = memfd_create("testudod", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err;

	if (fd < 0)
		return -errno;
	err = data.n > MEMFD_MAX ? -EFBIG : write_all(fd, data);
	if (!err && fcntl(fd, F_ADD_SEALS, SEALS))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

int fd_read(int fd, size_t max, struct blob *data)
{
	struct stat st;
	size_t done = 0;
	ssize_t n = 1;
	int err;

	blob_wipe(data);
	if (fstat(fd, &st))
		return -errno;
	if (st.st_size < 0 || (size_t)st.st_size > max)
		return -EFBIG;
	data->n = (size_t)st.st_size;
	data->p = xcalloc(1, data->n + 1);
	/* the end comes early if the file has become shorter meanwhile */
	while (done < data->n && n) {
		n = pread(fd, data->p + done, data->n - done, (off_t)done);
		if (n < 0 && errno != EINTR) {
			err = -errno;
			blob_wipe(data);
			return err;
		}
		if (n > 0)
			done += (size_t)n;
	}
	data->n = done;
	return 0;
}

bool memfd_read(int fd, struct blob *data)
{
	int seals = fcntl(fd, F_GET_SEALS);

	blob_wipe(data);
	return seals >= 0 && (seals & SEALS) == SEALS && !fd_read(fd, MEMFD_MAX, data);
}
