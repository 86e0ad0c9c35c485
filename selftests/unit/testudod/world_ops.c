// SPDX-License-Identifier: GPL-2.0
/*
 * The fakes behind struct ike_ops: a kernel that writes down SAs with their
 * keys, and secrets from literal texts.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world_ops.h"

static int fake_send(void *arg, const struct ike_path *path, struct chunk msg)
{
	world_send(arg, path, msg);
	return 0;
}

static int fake_keepalive(void *arg, const struct ike_path *path)
{
	(void)arg;
	(void)path;
	return 0;
}

static int fake_local_addr(void *arg, const struct sockaddr_storage *remote,
			   struct sockaddr_storage *local)
{
	const struct world_side *side = arg;

	if (remote->ss_family != side->addr.ss_family)
		return -ENETUNREACH;
	*local = side->addr;
	return 0;
}

static bool fake_is_local(void *arg, const struct sockaddr_storage *addr)
{
	const struct world_side *side = arg;

	return addr_same_host(addr, &side->addr) ||
	       (side->also.ss_family && addr_same_host(addr, &side->also));
}

/* ---- the kernel ---- */

static struct world_sa *fake_find(struct world_side *side, uint8_t proto, uint32_t spi,
				  const struct sockaddr_storage *dst)
{
	unsigned int i;

	for (i = 0; i < side->nsas; i++) {
		struct world_sa *a = &side->sas[i];

		if (a->used && a->sa.proto == proto && a->sa.spi == spi &&
		    (!dst || addr_same_host(&a->sa.dst, dst)))
			return a;
	}
	return NULL;
}

static struct world_sa *fake_slot(struct world_side *side)
{
	unsigned int i;

	for (i = 0; i < WORLD_SAS && side->sas[i].used; i++)
		;
	if (i == WORLD_SAS)
		return NULL;
	if (i == side->nsas)
		side->nsas++;
	return &side->sas[i];
}

static int fake_getspi(void *arg, const struct kern_sa *sa, uint32_t *spi)
{
	struct world_side *side = arg;
	struct world_sa *slot = fake_slot(side);

	if (side->refuse_spi) {
		side->refuse_spi--;
		return -ENOBUFS;
	}
	if (!slot)
		return -ENOBUFS;
	do {
		crypt_random(spi, sizeof(*spi));
		*spi = sa->proto == IPPROTO_COMP ? 256 + *spi % 60000 : 0x100 + *spi % 0xfffffe00;
	} while (fake_find(side, sa->proto, *spi, NULL));
	slot->used = true;
	slot->larval = true;
	slot->sa = *sa;
	slot->sa.spi = *spi;
	return 0;
}

static void fake_take_keys(struct world_sa *slot, const struct kern_sa *sa)
{
	blob_set(&slot->encr_key, sa->encr_key);
	blob_set(&slot->integ_key, sa->integ_key);
	slot->sa.encr_key = blob_chunk(&slot->encr_key);
	slot->sa.integ_key = blob_chunk(&slot->integ_key);
}

static int fake_sa_install(void *arg, const struct kern_sa *sa)
{
	struct world_side *side = arg;
	struct world_sa *slot = fake_find(side, sa->proto, sa->spi, &sa->dst);

	if (side->refuse_install) {
		side->refuse_install--;
		return -EINVAL;
	}
	if (sa->inbound && (!slot || !slot->larval))
		return -ESRCH;
	if (!sa->inbound) {
		if (slot)
			return -EEXIST;
		slot = fake_slot(side);
		if (!slot)
			return -ENOBUFS;
	}
	slot->used = true;
	slot->larval = false;
	slot->sa = *sa;
	fake_take_keys(slot, sa);
	slot->number = ++side->installed;
	return 0;
}

static int fake_sa_delete(void *arg, const struct kern_name *name)
{
	struct world_side *side = arg;
	struct world_sa *slot = fake_find(side, name->proto, name->spi, &name->dst);

	if (!slot)
		return -ESRCH;
	blob_wipe(&slot->encr_key);
	blob_wipe(&slot->integ_key);
	if (!slot->larval)
		side->deleted++;
	memset(slot, 0, sizeof(*slot));
	return 0;
}

static int fake_sa_usage(void *arg, const struct kern_name *name, struct kern_usage *usage)
{
	const struct world_sa *slot = fake_find(arg, name->proto, name->spi, &name->dst);

	if (!slot)
		return -ESRCH;
	*usage = slot->usage;
	return 0;
}

static int fake_sa_moved(void *arg, const struct kern_name *name,
			 const struct sockaddr_storage *src, const struct sockaddr_storage *dst)
{
	struct world_sa *slot = fake_find(arg, name->proto, name->spi, &name->dst);

	if (!slot)
		return -ESRCH;
	slot->sa.src = *src;
	slot->sa.dst = *dst;
	return 0;
}

static int fake_acquire_failed(void *arg, uint32_t seq, const struct kern_name *name, int error)
{
	struct world_side *side = arg;

	(void)seq;
	(void)name;
	(void)error;
	side->acquire_failed++;
	return 0;
}

static int fake_policy_add(void *arg, struct policy *p)
{
	struct world_side *side = arg;

	p->id = side->next_policy++;
	return 0;
}

static int fake_policy_delete(void *arg, const struct policy *p)
{
	(void)arg;
	(void)p;
	return 0;
}

/* ---- secrets ---- */

static bool fake_psk(void *arg, const struct psk_who *who, enum psk_use use, const struct alg *prf,
		     struct chunk data, uint8_t *out, struct secrets_answer *answer)
{
	const struct world_side *side = arg;
	struct blob key = { 0 };
	unsigned int line;
	bool ok;

	if (!side->psk || !psk_find(chunk_str(side->psk), who, &key, &line)) {
		answer->error = SECRETS_NO_PSK;
		snprintf(answer->sentence, sizeof(answer->sentence), "no pre-shared key for that peer");
		return false;
	}
	ok = psk_make(use, prf, blob_chunk(&key), data, out);
	answer->error = ok ? SECRETS_OK : SECRETS_CRYPTO;
	blob_wipe(&key);
	return ok;
}

static bool fake_sign(void *arg, const struct conf_remote *remote, enum sig_scheme scheme,
		      struct chunk tbs, struct blob *sig, struct secrets_answer *answer)
{
	const struct world_side *side = arg;

	(void)remote;
	if (!side->key || side->sign_fails) {
		answer->error = SECRETS_NO_FILE;
		snprintf(answer->sentence, sizeof(answer->sentence), "no private key");
		return false;
	}
	if (privkey_sign(side->key, scheme, tbs, sig)) {
		answer->error = SECRETS_OK;
		return true;
	}
	answer->error = SECRETS_CRYPTO;
	snprintf(answer->sentence, sizeof(answer->sentence), "the private key can not sign so");
	return false;
}

/* ---- what is told ---- */

static void fake_event(void *arg, const struct ike_event *event)
{
	struct world_side *side = arg;

	side->events[event->kind]++;
	snprintf(side->last[event->kind], REPORT_SENTENCE, "%s", event->reason ? event->reason : "");
	if (!event->reason)
		return;
	snprintf(side->told[side->ntold++ % WORLD_TOLD], REPORT_SENTENCE, "%s", event->reason);
	if (getenv("WORLD_TRACE"))
		fprintf(stderr, "          %s is told: %s\n", side->n ? "B" : "A", event->reason);
}

static void fake_script(void *arg, const struct ike_sa *sa, enum ike_script script)
{
	struct world_side *side = arg;

	(void)sa;
	side->scripts[script]++;
}

const struct ike_ops world_ops = {
	.send = fake_send,
	.keepalive = fake_keepalive,
	.local_addr = fake_local_addr,
	.is_local = fake_is_local,
	.getspi = fake_getspi,
	.sa_install = fake_sa_install,
	.sa_delete = fake_sa_delete,
	.sa_usage = fake_sa_usage,
	.sa_moved = fake_sa_moved,
	.acquire_failed = fake_acquire_failed,
	.policy_add = fake_policy_add,
	.policy_delete = fake_policy_delete,
	.psk = fake_psk,
	.sign = fake_sign,
	.event = fake_event,
	.script = fake_script,
};
