// SPDX-License-Identifier: GPL-2.0
/*
 * Giving up privileges: core files and debuggers, root directory, user, group
 * and capabilities. The filter of system calls is filter.c's.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cap-ng.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/log.h"
#include "proc/sandbox.h"

void sandbox_prepare(void)
{
	unsigned char byte;
	EVP_MD *md;

	tzset();
	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL);
	RAND_bytes(&byte, 1);
	RAND_priv_bytes(&byte, 1);
	/* the default provider is activated by the first fetch */
	md = EVP_MD_fetch(NULL, "SHA256", NULL);
	EVP_MD_free(md);
}

int sandbox_harden(bool no_new_privs)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none))
		return -errno;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	if (no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return 0;
}

/* a number stands for itself, whether there is a name for it or not */
static bool is_number(const char *text, uint32_t *v)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*v = (uint32_t)strtoul(text, &end, 10);
	return !*end;
}

static bool find_user(const char *user, struct sandbox_id *id)
{
	bool number = is_number(user, &id->uid);
	const struct passwd *pw = number ? getpwuid(id->uid) : getpwnam(user);

	if (!pw && !number)
		return false;
	if (pw)
		id->uid = pw->pw_uid;
	id->gid = pw ? pw->pw_gid : id->uid;
	return true;
}

static bool find_group(const char *group, struct sandbox_id *id)
{
	const struct group *gr;

	if (is_number(group, &id->gid))
		return true;
	gr = getgrnam(group);
	if (gr)
		id->gid = gr->gr_gid;
	return gr;
}

int sandbox_find(const char *user, const char *group, struct sandbox_id *id)
{
	const char *name = user ? user : SANDBOX_USER;
	bool found = find_user(name, id);

	if (!found && !user) {
		found = find_user("nobody", id);
		if (found)
			log_notice("there is no user \"%s\": processes run as \"nobody\"", name);
	}
	if (!found) {
		log_error("there is no user \"%s\" to run processes as", name);
		return -ENOENT;
	}
	if (!group || find_group(group, id))
		return 0;
	log_error("there is no group \"%s\" to run processes as", group);
	return -ENOENT;
}

/*
 * A directory of our own that is removed before we make it the root: nothing is
 * in it, and nothing can be made in a directory that is not there any more.
 */
static int empty_root(void)
{
	static const char *const parents[] = { "/run/testudod.XXXXXX", "/tmp/testudod.XXXXXX" };
	char path[sizeof("/run/testudod.XXXXXX")];
	size_t i;
	int err = -ENOENT;

	for (i = 0; err && i < 2; i++) {
		memcpy(path, parents[i], sizeof(path));
		if (!mkdtemp(path)) {
			err = -errno;
			continue;
		}
		err = chdir(path) ? -errno : 0;
		rmdir(path);
	}
	if (!err && chroot("."))
		err = -errno;
	return err;
}

static int become(const struct sandbox_id *id)
{
	if (setgroups(0, NULL) || setresgid(id->gid, id->gid, id->gid) ||
	    setresuid(id->uid, id->uid, id->uid))
		return -errno;
	/* it must not be a way that leads back */
	if (id->uid && (setresuid(0, 0, 0) == 0 || geteuid() != id->uid || getegid() != id->gid))
		return -EPERM;
	return 0;
}

int sandbox_drop(const char *user, const char *group)
{
	struct sandbox_id id;
	int err;

	if (geteuid()) {
		log_notice("not started by root: this process keeps its user and its view of the files");
		return sandbox_harden(true);
	}
	err = sandbox_find(user, group, &id);
	if (err)
		return err;
	capng_get_caps_process();
	capng_clear(CAPNG_SELECT_BOTH);
	/* who may not change the bounding set (a container) loses the rest all the same */
	if (capng_apply(CAPNG_SELECT_BOUNDS))
		log_debug("the bounding set of capabilities stays as it is");
	err = empty_root();
	if (err)
		log_notice("no empty root directory: %s", strerror(-err));
	err = become(&id);
	if (err)
		return err;
	capng_clear(CAPNG_SELECT_CAPS);
	if (capng_apply(CAPNG_SELECT_CAPS))
		return -EPERM;
	/* the kernel forgets this one when the user changes */
	return sandbox_harden(true);
}
