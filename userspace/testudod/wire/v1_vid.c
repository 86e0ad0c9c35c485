// SPDX-License-Identifier: GPL-2.0
/*
 * Vendor ids that mean something to us. Most are the MD5 of a text; some have
 * a version or capabilities behind it, so only their beginning is compared.
 */
#include "wire/v1.h"

#define VID_MAX	  20
#define FRAG_HASH 16
/* of the fragmentation id: in main and aggressive mode; Cisco has a second bit */
#define FRAG_PHASE1 0x80000000

/**
 * struct vid - one vendor id
 * @name: as racoon's log has it
 * @n: bytes that we send
 * @fixed: bytes that must match
 * @most: bytes that it may have
 * @bytes: itself
 */
struct vid {
	const char *name;
	uint8_t n;
	uint8_t fixed;
	uint8_t most;
	uint8_t bytes[VID_MAX];
};

#define VID_MD5(text) .name = (text), .n = 16, .fixed = 16, .most = 16

static const struct vid vids[V1_VIDS] = {
	[V1_VID_NATT_RFC] = { VID_MD5("RFC 3947"),
			      .bytes = { 0x4a, 0x13, 0x1c, 0x81, 0x07, 0x03, 0x58, 0x45, 0x5c,
					 0x57, 0x28, 0xf2, 0x0e, 0x95, 0x45, 0x2f } },
	[V1_VID_NATT_03] = { VID_MD5("draft-ietf-ipsec-nat-t-ike-03"),
			     .bytes = { 0x7d, 0x94, 0x19, 0xa6, 0x53, 0x10, 0xca, 0x6f, 0x2c,
					0x17, 0x9d, 0x92, 0x15, 0x52, 0x9d, 0x56 } },
	/* the hash is that of the text with a newline, which is how most sent it */
	[V1_VID_NATT_02N] = { VID_MD5("draft-ietf-ipsec-nat-t-ike-02\\n"),
			      .bytes = { 0x90, 0xcb, 0x80, 0x91, 0x3e, 0xbb, 0x69, 0x6e, 0x08,
					 0x63, 0x81, 0xb5, 0xec, 0x42, 0x7b, 0x1f } },
	[V1_VID_NATT_02] = { VID_MD5("draft-ietf-ipsec-nat-t-ike-02"),
			     .bytes = { 0xcd, 0x60, 0x46, 0x43, 0x35, 0xdf, 0x21, 0xf8, 0x7c,
					0xfd, 0xb2, 0xfc, 0x68, 0xb6, 0xa4, 0x48 } },
	[V1_VID_NATT_00] = { VID_MD5("draft-ietf-ipsec-nat-t-ike-00"),
			     .bytes = { 0x44, 0x85, 0x15, 0x2d, 0x18, 0xb6, 0xbb, 0xcd, 0x0b,
					0xe8, 0xa8, 0x46, 0x95, 0x79, 0xdd, 0xcc } },
	/* RFC 3706 5.1: 14 bytes, major and minor version */
	[V1_VID_DPD] = { .name = "DPD",
			 .n = 16,
			 .fixed = 14,
			 .most = 16,
			 .bytes = { 0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1, 0xf1, 0xc9, 0x6b, 0x86,
				    0x96, 0xfc, 0x77, 0x57, 0x01, 0x00 } },
	[V1_VID_XAUTH] = { .name = "draft-ietf-ipsra-isakmp-xauth-06.txt",
			   .n = 8,
			   .fixed = 8,
			   .most = 8,
			   .bytes = { 0x09, 0x00, 0x26, 0x89, 0xdf, 0xd6, 0xb7, 0x12 } },
	[V1_VID_UNITY] = { .name = "CISCO-UNITY",
			   .n = 16,
			   .fixed = 14,
			   .most = 16,
			   .bytes = { 0x12, 0xf5, 0xf2, 0x8c, 0x45, 0x71, 0x68, 0xa9, 0x70, 0x2d,
				      0x9f, 0xe2, 0x74, 0xcc, 0x01, 0x00 } },
	[V1_VID_FRAG] = { .name = "FRAGMENTATION",
			  .n = 20,
			  .fixed = FRAG_HASH,
			  .most = 20,
			  .bytes = { 0x40, 0x48, 0xb7, 0xd5, 0x6e, 0xbc, 0xe8, 0x85, 0x25, 0xe7,
				     0xde, 0x7f, 0x00, 0xd6, 0xc2, 0xd3, 0x80, 0x00, 0x00, 0x00 } },
	[V1_VID_KAME] = { VID_MD5("KAME/racoon"),
			  .bytes = { 0x70, 0x03, 0xcb, 0xc1, 0x09, 0x7d, 0xbe, 0x9c, 0x26, 0x00,
				     0xba, 0x69, 0x83, 0xbc, 0x8b, 0x35 } },
	[V1_VID_IPSEC_TOOLS] = { VID_MD5("IPSec-Tools"),
				 .bytes = { 0x20, 0xa3, 0x62, 0x2c, 0x1c, 0xea, 0x7c, 0xe3, 0x7b,
					    0xee, 0x3c, 0xa4, 0x84, 0x42, 0x52, 0x76 } },
	[V1_VID_MS] = { .name = "MS NT5 ISAKMPOAKLEY",
			.n = 16,
			.fixed = 16,
			.most = 20,
			.bytes = { 0x1e, 0x2b, 0x51, 0x69, 0x05, 0x99, 0x1c, 0x7d, 0x7c, 0x96, 0xfc,
				   0xbf, 0xb5, 0x87, 0xe4, 0x61 } },
	[V1_VID_STRONGSWAN] = { VID_MD5("strongSwan"),
				.bytes = { 0x88, 0x2f, 0xe5, 0x6d, 0x6f, 0xd2, 0x0d, 0xbc, 0x22,
					   0x51, 0x61, 0x3b, 0x2e, 0xbe, 0x5b, 0xeb } },
	[V1_VID_TESTUDO] = { VID_MD5("Testudo"),
			     .bytes = { 0x9a, 0xd6, 0x2c, 0x47, 0xd3, 0x8d, 0xdb, 0x04, 0xa2, 0xfe,
					0x8a, 0xc4, 0xce, 0xe0, 0xae, 0x50 } },
};

/* without capabilities (Windows) every exchange of phase 1 is meant */
static bool frag_usable(struct chunk body)
{
	struct reader r = reader(body);

	get_bytes(&r, FRAG_HASH);
	return !r.n || get_be32(&r) & FRAG_PHASE1;
}

enum v1_vid v1_vid_by_bytes(struct chunk body)
{
	const struct vid *v;
	unsigned int i;

	for (i = V1_VID_UNKNOWN + 1; i < V1_VIDS; i++) {
		v = &vids[i];
		if (body.n < v->fixed || body.n > v->most)
			continue;
		if (!chunk_equal(chunk(body.p, v->fixed), chunk(v->bytes, v->fixed)))
			continue;
		return i != V1_VID_FRAG || frag_usable(body) ? i : V1_VID_UNKNOWN;
	}
	return V1_VID_UNKNOWN;
}

/* what to send; empty of V1_VID_UNKNOWN */
struct chunk v1_vid_bytes(enum v1_vid vid)
{
	return vid < V1_VIDS ? chunk(vids[vid].bytes, vids[vid].n) : chunk(NULL, 0);
}

const char *v1_vid_name(enum v1_vid vid)
{
	return vid < V1_VIDS && vids[vid].name ? vids[vid].name : "unknown Vendor ID";
}
