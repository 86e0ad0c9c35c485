// SPDX-License-Identifier: GPL-2.0
/*
 * alg_comp - gives the end of a packet to zlib, and puts what comes out in its
 * place. Owns zlib's memory; knows nothing of SAs and protocols.
 *
 * zlib and not the crypto API: crypto_comp is gone from new kernels, and acomp
 * takes a lock in old ones that is not safe in a softirq. Besides, zlib reads a
 * packet where it is, piece by piece, and writes into pages that become part of
 * the packet, where both would copy it twice.
 *
 *   packet | headers | payload, in pieces |
 *                         |  zlib, bounded
 *                         v
 *                    | page | page | ...       a struct ipsec_comp_text
 *                         |
 *          | headers | in the tailroom, or the pages as they are |
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include <linux/zlib.h>
#include <net/sock.h>

#include "alg/alg_comp.h"

/*
 * For packets, not for files. A window of 4 KiB holds two of them, and tables
 * for 4096 symbols are 16 KiB to clear for each packet, of which the largest
 * ones would clear 64.
 */
#define COMP_WINDOW_BITS	12
#define COMP_MEM_LEVEL		6

/* Peers may have looked back further than we do (RFC 1951 2). */
#define COMP_PEER_WINDOW_BITS	15

/**
 * struct comp_zlib - zlib for one CPU
 * @lock: guards the rest; BH off, and not contended but where BH off does not
 *	mean that one stays on a CPU
 * @deflate: compresses
 * @inflate: decompresses
 */
struct comp_zlib {
	spinlock_t lock;		/* guards @deflate, @inflate */
	struct z_stream_s deflate;
	struct z_stream_s inflate;
};

static struct comp_zlib __percpu *comp_zlib;	/* while @comp_users */
static unsigned int comp_users;			/* @comp_mutex */
static DEFINE_MUTEX(comp_mutex);

static int comp_zlib_init(struct comp_zlib *z)
{
	spin_lock_init(&z->lock);
	z->deflate.workspace = vmalloc(zlib_deflate_workspacesize(-COMP_WINDOW_BITS,
								  COMP_MEM_LEVEL));
	z->inflate.workspace = vmalloc(zlib_inflate_workspacesize());
	if (!z->deflate.workspace || !z->inflate.workspace)
		return -ENOMEM;
	/* negative: no header of zlib's around it (RFC 2394 2) */
	if (zlib_deflateInit2(&z->deflate, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
			      -COMP_WINDOW_BITS, COMP_MEM_LEVEL,
			      Z_DEFAULT_STRATEGY) != Z_OK ||
	    zlib_inflateInit2(&z->inflate, -COMP_PEER_WINDOW_BITS) != Z_OK)
		return -EINVAL;
	return 0;
}

static void comp_free(struct comp_zlib __percpu *all)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct comp_zlib *z = per_cpu_ptr(all, cpu);

		vfree(z->deflate.workspace);
		vfree(z->inflate.workspace);
	}
	free_percpu(all);
}

static int comp_alloc(void)
{
	struct comp_zlib __percpu *all = alloc_percpu(struct comp_zlib);
	int err = 0;
	int cpu;

	if (!all)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		err = comp_zlib_init(per_cpu_ptr(all, cpu));
		if (err)
			break;
	}
	if (err) {
		comp_free(all);
		return err;
	}
	comp_zlib = all;
	return 0;
}

/**
 * ipsec_comp_get() - somebody is going to compress
 *
 * The first one has zlib's memory made, some 90 KiB for each CPU.
 *
 * Context: Process, may sleep.
 * Return: 0 or a negative errno.
 */
int ipsec_comp_get(void)
{
	int err = 0;

	mutex_lock(&comp_mutex);
	if (!comp_users)
		err = comp_alloc();
	if (!err)
		comp_users++;
	mutex_unlock(&comp_mutex);
	return err;
}

/**
 * ipsec_comp_put() - undo ipsec_comp_get(); none of its packets is left
 *
 * Context: Process, may sleep.
 */
void ipsec_comp_put(void)
{
	mutex_lock(&comp_mutex);
	if (!--comp_users) {
		comp_free(comp_zlib);
		comp_zlib = NULL;
	}
	mutex_unlock(&comp_mutex);
}

static void comp_text_free(struct ipsec_comp_text *text)
{
	while (text->n)
		put_page(text->page[--text->n]);
	text->len = 0;
}

/* Room for what comes out next; at most @max bytes in all. */
static int comp_more_room(struct z_stream_s *s, struct ipsec_comp_text *out,
			  unsigned int max)
{
	struct page *page;

	if (out->len == max)
		return -ENOSPC;
	page = alloc_page(GFP_ATOMIC | __GFP_NOWARN);
	if (!page)
		return -ENOMEM;
	s->next_out = page_address(page);
	s->avail_out = min_t(unsigned int, max - out->len, PAGE_SIZE);
	out->page[out->n++] = page;
	return 0;
}

/*
 * Feeds @s one piece of the packet. Gives what zlib says when it wants no
 * more room, or a negative errno.
 */
static int comp_piece(struct z_stream_s *s, struct ipsec_comp_text *out,
		      unsigned int max, int flush,
		      int (*run)(z_streamp s, int flush))
{
	unsigned int had;
	int ret;

	do {
		if (!s->avail_out) {
			int err = comp_more_room(s, out, max);

			if (err)
				return err;
		}
		had = s->avail_out;
		ret = run(s, flush);
		out->len += had - s->avail_out;
	} while (ret == Z_OK && !s->avail_out);
	/* nothing left to do, but for more of the packet */
	return ret == Z_BUF_ERROR ? Z_OK : ret;
}

/* The room that was made last may not have been needed. */
static void comp_text_trim(struct ipsec_comp_text *text)
{
	while (text->n > DIV_ROUND_UP(text->len, PAGE_SIZE))
		put_page(text->page[--text->n]);
}

/*
 * The packet from @offset on. Gives 0 when zlib has come to the stream's end,
 * -EBADMSG when it has not, or another negative errno.
 */
static int comp_run(struct z_stream_s *s, struct sk_buff *skb,
		    unsigned int offset, unsigned int max,
		    struct ipsec_comp_text *out, int more, int last,
		    int (*run)(z_streamp s, int flush))
{
	unsigned int all = skb->len - offset;
	struct skb_seq_state st;
	unsigned int seen = 0;
	unsigned int len;
	const u8 *data;
	int ret = Z_OK;

	out->n = 0;
	out->len = 0;
	s->avail_out = 0;
	skb_prepare_seq_read(skb, offset, skb->len, &st);
	while (ret == Z_OK && (len = skb_seq_read(seen, &data, &st))) {
		seen += len;
		s->next_in = data;
		s->avail_in = len;
		ret = comp_piece(s, out, max, seen == all ? last : more, run);
	}
	skb_abort_seq_read(&st);

	if (ret == Z_STREAM_END) {
		comp_text_trim(out);
		return 0;
	}
	comp_text_free(out);
	return ret == -ENOMEM || ret == -ENOSPC ? ret : -EBADMSG;
}

/**
 * ipsec_comp_compress() - compress the end of a packet
 * @skb: packet; only read, and need not be linear
 * @offset: where to begin, from skb->data; something is behind it
 * @max: most bytes that are worth having, at most IPSEC_COMP_MAX
 * @out: what came out; ipsec_comp_replace() takes it
 *
 * Context: BH off.
 * Return: 0; -ENOSPC when it would be longer; -ENOMEM.
 */
int ipsec_comp_compress(struct sk_buff *skb, unsigned int offset,
			unsigned int max, struct ipsec_comp_text *out)
{
	struct comp_zlib *z = raw_cpu_ptr(comp_zlib);
	int err;

	spin_lock(&z->lock);
	zlib_deflateReset(&z->deflate);
	err = comp_run(&z->deflate, skb, offset, max, out, Z_NO_FLUSH,
		       Z_FINISH, zlib_deflate);
	spin_unlock(&z->lock);
	return err;
}

/**
 * ipsec_comp_decompress() - decompress the end of a packet
 * @skb: packet; only read, and need not be linear
 * @offset: where to begin, from skb->data
 * @max: most bytes that may come out, at most IPSEC_COMP_MAX. However much is
 *	promised, no more work and memory is spent than these take
 * @out: what came out; ipsec_comp_replace() takes it
 *
 * Bytes behind the end of the stream are padding, and ignored.
 *
 * Context: BH off.
 * Return: 0; -ENOSPC when it is longer; -EBADMSG when it is not the whole of
 * one stream; -ENOMEM.
 */
int ipsec_comp_decompress(struct sk_buff *skb, unsigned int offset,
			  unsigned int max, struct ipsec_comp_text *out)
{
	struct comp_zlib *z = raw_cpu_ptr(comp_zlib);
	int err;

	spin_lock(&z->lock);
	zlib_inflateReset(&z->inflate);
	/* room for one more tells what is too long from what just fits */
	err = comp_run(&z->inflate, skb, offset, max + 1, out, Z_SYNC_FLUSH,
		       Z_SYNC_FLUSH, zlib_inflate);
	spin_unlock(&z->lock);
	if (!err && out->len > max) {
		comp_text_free(out);
		err = -ENOSPC;
	}
	return err;
}

/* Copies a text behind the packet, where there is room for it. */
static void comp_copy(struct sk_buff *skb, const struct ipsec_comp_text *text)
{
	unsigned int left = text->len;
	unsigned int i;

	for (i = 0; i < text->n; i++) {
		unsigned int len = min_t(unsigned int, left, PAGE_SIZE);

		skb_put_data(skb, page_address(text->page[i]), len);
		left -= len;
	}
}

/*
 * The pages become the packet's. What an owner was told of its size must stay
 * so until it lets go; what he sends only gets shorter here.
 */
static void comp_attach(struct sk_buff *skb, struct ipsec_comp_text *text)
{
	unsigned int left = text->len;
	unsigned int i;

	for (i = 0; i < text->n; i++) {
		unsigned int len = min_t(unsigned int, left, PAGE_SIZE);

		skb_fill_page_desc(skb, i, text->page[i], 0, len);
		left -= len;
	}
	skb->len += text->len;
	skb->data_len += text->len;
	if (!skb->sk || skb->destructor == sock_edemux)
		skb->truesize += text->n * PAGE_SIZE;
	text->n = 0;
}

/**
 * ipsec_comp_replace() - put a text in the place of a packet's end
 * @skb: packet; what others see of it stays as it is
 * @offset: where the end begins, from skb->data
 * @text: consumed, also on failure
 *
 * Context: BH off.
 * Return: 0 or -ENOMEM.
 */
int ipsec_comp_replace(struct sk_buff *skb, unsigned int offset,
		       struct ipsec_comp_text *text)
{
	int err;

	BUILD_BUG_ON(IPSEC_COMP_PAGES > MAX_SKB_FRAGS);
	/* pages that a sender lends are not counted, and then ours would not be */
	skb_zcopy_downgrade_managed(skb);
	err = skb_unclone(skb, GFP_ATOMIC);
	if (!err)
		err = pskb_trim(skb, offset);
	if (err) {
		comp_text_free(text);
		return err;
	}
	/* what was linear up to here stays so: frags would come behind it */
	if (text->len <= skb_tailroom(skb))
		comp_copy(skb, text);
	else
		comp_attach(skb, text);
	comp_text_free(text);
	return 0;
}
