// SPDX-License-Identifier: GPL-2.0
/*
 * alg_aead - from a row and keys to a keyed transform of the crypto API, and
 * the question whether this kernel has an algorithm. Never sees a packet.
 *
 *   AEAD          rfc4106(gcm(aes)) and its kin, with no IV generator around
 *                 it: who builds the packet also writes the IV
 *   ENC + AUTH    authenc(hmac(sha256),cbc(aes))
 *   the same, ESN authencesn(hmac(sha256),cbc(aes)): the upper half of the
 *                 sequence number is hashed behind the packet (RFC 4303 2.2.1)
 */
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/authenc.h>
#include <crypto/hash.h>
#include <crypto/skcipher.h>

#include "alg/alg_aead.h"

module_param_named(sha256_96, ipsec_alg_sha256_96, bool, 0644);
MODULE_PARM_DESC(sha256_96,
		 "HMAC-SHA2-256 of new SAs with an ICV of 96 bits, as stock af_key has it, instead of RFC 4868's 128 (bool, default N)");

/* A "no" is asked again after this long: the module may have come. */
#define ALG_NO_TTL	(60 * HZ)

static DECLARE_BITMAP(alg_yes, IPSEC_ALG_ROWS_MAX);
/* jiffies at which a "no" ends, 0 without one; a lost race costs one probe */
static unsigned long alg_no_until[IPSEC_ALG_ROWS_MAX];
static unsigned long alg_no_twin_until[IPSEC_ALG_ROWS_MAX];

static bool alg_probe(const struct ipsec_alg *alg)
{
	switch (alg->kind) {
	case IPSEC_ALG_AUTH:
		return crypto_has_ahash(alg->crypto, 0, 0);
	case IPSEC_ALG_ENC:
		return crypto_has_skcipher(alg->crypto, 0, 0);
	case IPSEC_ALG_AEAD:
		return crypto_has_alg(alg->crypto, CRYPTO_ALG_TYPE_AEAD,
				      CRYPTO_ALG_TYPE_MASK);
	}
	return false;
}

static bool alg_said_no(const unsigned long *until)
{
	unsigned long t = READ_ONCE(*until);

	return t && time_before(jiffies, t);
}

/* The answer to a process that was killed meanwhile is none. */
static void alg_say_no(unsigned long *until)
{
	if (!fatal_signal_pending(current))
		WRITE_ONCE(*until, (jiffies + ALG_NO_TTL) | 1);
}

/**
 * ipsec_alg_available() - does this kernel have an algorithm
 * @alg: a row
 *
 * May load the crypto module for it. A yes is remembered for ever, a no for a
 * minute.
 *
 * Context: Process, may sleep.
 * Return: true if so.
 */
bool ipsec_alg_available(const struct ipsec_alg *alg)
{
	unsigned int i = ipsec_alg_index(alg);

	if (test_bit(i, alg_yes))
		return true;
	if (alg_said_no(&alg_no_until[i]))
		return false;
	if (alg_probe(alg)) {
		set_bit(i, alg_yes);
		return true;
	}
	alg_say_no(&alg_no_until[i]);
	return false;
}

static int aead_name(char *name, size_t size, const struct ipsec_aead_param *p,
		     const char *prefix)
{
	int n;

	if (p->enc->kind == IPSEC_ALG_AEAD)
		n = snprintf(name, size, "%s%s", prefix, p->enc->crypto);
	else
		n = snprintf(name, size, "%s(%s,%s)",
			     p->esn ? "authencesn" : "authenc",
			     p->auth->crypto, p->enc->crypto);
	return n < size ? 0 : -ENAMETOOLONG;
}

/* authenc's key: an rtattr that holds the cipher key's length, then both keys. */
static int aead_setkey_pair(struct crypto_aead *tfm,
			    const struct ipsec_aead_param *p)
{
	unsigned int auth = p->auth_bits / 8, enc = p->enc_bits / 8;
	struct crypto_authenc_key_param *param;
	unsigned int len;
	struct rtattr *rta;
	u8 *key;
	int err;

	len = RTA_SPACE(sizeof(*param)) + auth + enc;
	key = kmalloc(len, GFP_KERNEL);
	if (!key)
		return -ENOMEM;
	rta = (struct rtattr *)key;
	rta->rta_type = CRYPTO_AUTHENC_KEYA_PARAM;
	rta->rta_len = RTA_LENGTH(sizeof(*param));
	param = RTA_DATA(rta);
	param->enckeylen = cpu_to_be32(enc);
	memcpy(key + RTA_SPACE(sizeof(*param)), p->auth_key, auth);
	memcpy(key + RTA_SPACE(sizeof(*param)) + auth, p->enc_key, enc);
	err = crypto_aead_setkey(tfm, key, len);
	kfree_sensitive(key);
	return err;
}

static int aead_setkey(struct crypto_aead *tfm,
		       const struct ipsec_aead_param *p)
{
	int err;

	if (p->enc->kind == IPSEC_ALG_AEAD)
		err = crypto_aead_setkey(tfm, p->enc_key, p->enc_bits / 8);
	else
		err = aead_setkey_pair(tfm, p);
	if (err)
		return err;
	return crypto_aead_setauthsize(tfm, p->enc->kind == IPSEC_ALG_AEAD ?
				       p->enc->icv : p->auth->icv);
}

static struct crypto_aead *aead_make(const struct ipsec_aead_param *p,
				     const char *prefix, u32 type, u32 mask)
{
	char name[CRYPTO_MAX_ALG_NAME];
	struct crypto_aead *tfm;
	int err;

	err = aead_name(name, sizeof(name), p, prefix);
	if (err)
		return ERR_PTR(err);
	tfm = crypto_alloc_aead(name, type, mask);
	if (IS_ERR(tfm))
		return tfm;
	err = aead_setkey(tfm, p);
	if (err) {
		crypto_free_aead(tfm);
		return ERR_PTR(err);
	}
	return tfm;
}

/* A shell has its driver's name from the code inside, less the prefix. */
static bool aead_is_shell_of(struct crypto_aead *shell, struct crypto_aead *tfm)
{
	const char *name = crypto_tfm_alg_driver_name(crypto_aead_tfm(tfm));

	return str_has_prefix(name, "__") &&
	       !strcmp(name + 2,
		       crypto_tfm_alg_driver_name(crypto_aead_tfm(shell)));
}

/**
 * ipsec_aead_init() - make a keyed transform
 * @aead: what to fill in
 * @p: algorithms and keys; the keys are copied into the transform only
 *
 * Where the plain implementation is a shell that hands packets to a kernel
 * thread when the FPU is busy, the code inside it is got too, if it can be
 * had: it saves the shell's cost on each packet. Without ASYNC in the mask the
 * crypto API would give us the cryptd instance of it, which is no use. Any other
 * plain implementation that is asynchronous (hardware, or pcrypt, by which an
 * administrator shares packets among CPUs) was put first to be used.
 *
 * Context: Process, may sleep and load modules.
 * Return: 0; -ENOSYS if this kernel has not got the algorithm, -EINVAL for
 *	keys that it does not take, -ENOMEM.
 */
int ipsec_aead_init(struct ipsec_aead *aead, const struct ipsec_aead_param *p)
{
	struct crypto_aead *tfm;
	unsigned long *no_twin;

	memset(aead, 0, sizeof(*aead));
	tfm = aead_make(p, "", 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm) == -ENOENT ? -ENOSYS : PTR_ERR(tfm);
	aead->plain = tfm;
	aead->async = crypto_aead_alg(tfm)->base.cra_flags &
		      CRYPTO_ALG_ASYNC;
	no_twin = &alg_no_twin_until[ipsec_alg_index(p->enc)];
	if (!aead->async || !p->enc->simd_twin || alg_said_no(no_twin))
		return 0;

	tfm = aead_make(p, "__", CRYPTO_ALG_INTERNAL,
			CRYPTO_ALG_INTERNAL | CRYPTO_ALG_ASYNC);
	if (!IS_ERR(tfm) && aead_is_shell_of(aead->plain, tfm))
		aead->sync = tfm;
	else if (!IS_ERR(tfm))
		crypto_free_aead(tfm);
	else if (PTR_ERR(tfm) == -ENOENT)
		alg_say_no(no_twin);
	return 0;
}

/**
 * ipsec_aead_exit() - free a keyed transform and its keys
 * @aead: made by ipsec_aead_init(), or all zero
 *
 * Context: Process, may sleep. No request may be under way.
 */
void ipsec_aead_exit(struct ipsec_aead *aead)
{
	if (aead->sync)
		crypto_free_aead(aead->sync);
	if (aead->plain)
		crypto_free_aead(aead->plain);
	memset(aead, 0, sizeof(*aead));
}
