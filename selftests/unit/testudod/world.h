/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A world for two engines in one process: a virtual clock, a network that
 * loses, repeats, delays and alters datagrams on demand, two kernels that only
 * write down what they are told. Knows neither IKE version.
 *
 *	w = world_new(text_a, psk_a, text_b, psk_b);
 *	world_policy(w, 0, "10.0.1.0/24", "10.0.2.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
 *	world_policy(w, 1, "10.0.2.0/24", "10.0.1.0/24", IPPROTO_ESP, IPSEC_MODE_TUNNEL);
 *	world_acquire(w, 0, 0);
 *	world_run(w, 5000);
 *	assert_int_equal(world_pairs(w, why, sizeof(why)), 1);
 *
 * Side 0 is 10.0.0.1, side 1 is 10.0.0.2. Behind a NAT a side has an address
 * of its own (192.168.0.x) and is seen as 10.0.0.x with other ports.
 * WORLD_TRACE=1 in the environment prints every datagram and log line.
 */
#ifndef TESTUDO_TEST_WORLD_H
#define TESTUDO_TEST_WORLD_H

#include <openssl/evp.h>

#include "auth/secrets.h"
#include "conf/conf.h"
#include "engine/ike.h"
#include "engine/ops.h"
#include "engine/sa.h"

#define WORLD_SAS	4096	/* in one kernel */
#define WORLD_POLICIES	16
#define WORLD_TOLD	32	/* reasons remembered */

struct world;

/**
 * struct world_dg - a datagram on its way
 * @next: in the network, by @due
 * @from: side that sent it
 * @number: counts all datagrams of the world from 1
 * @due: when it arrives, ms
 * @path: as the sender gave it
 * @data: bytes; a hook may change them
 * @drop: a hook sets it
 */
struct world_dg {
	struct world_dg *next;
	unsigned int from;
	unsigned int number;
	uint64_t due;
	struct ike_path path;
	struct blob data;
	bool drop;
};

/**
 * struct world_sa - an SA in a kernel
 * @used: the slot is taken
 * @larval: only an SPI so far
 * @number: counts all that were installed there, from 1
 * @sa: what was said; its chunks point to the blobs here
 * @encr_key: key
 * @integ_key: key
 * @usage: what sa_usage tells; a test may set it
 */
struct world_sa {
	bool used;
	bool larval;
	unsigned int number;
	struct kern_sa sa;
	struct blob encr_key;
	struct blob integ_key;
	struct kern_usage usage;
};

/**
 * struct world_side - one host
 * @w: world
 * @n: 0 or 1
 * @ike: engine
 * @conf: its configuration
 * @src: files of it, in memory
 * @psk: psk.txt
 * @key: private key, NULL: none
 * @addr: its own address
 * @seen: its address as the other one sees it; the same without a NAT
 * @also: another address of its own, where it is reached too; family 0: none
 * @nat_port: what the NAT adds to its ports, 0: no NAT
 * @sas: kernel
 * @nsas: slots of it that were ever used: a fuzzer has no time to look at all
 * @policy: out policies, as given to the engine
 * @npolicy: how many
 * @next_policy: next id of a policy
 * @reqid: next one
 * @installed: SAs installed so far, both directions
 * @deleted: SAs deleted so far
 * @refuse_install: number of sa_install calls to be refused
 * @refuse_spi: number of getspi calls to be refused
 * @acquire_failed: negative ACQUIREs
 * @events: by kind
 * @told: reasons of events, the last ones
 * @ntold: how many there were
 * @last: reason of the last event, by kind
 * @scripts: by kind
 * @sent: datagrams sent
 * @sign_fails: the private key is "gone"
 */
struct world_side {
	struct world *w;
	unsigned int n;
	struct ike *ike;
	struct conf *conf;
	struct source *src;
	char *psk;
	struct privkey *key;
	struct sockaddr_storage addr;
	struct sockaddr_storage seen;
	struct sockaddr_storage also;
	uint16_t nat_port;
	struct world_sa *sas;
	unsigned int nsas;
	struct policy policy[WORLD_POLICIES];
	unsigned int npolicy;
	uint32_t next_policy;
	uint32_t reqid;
	unsigned int installed;
	unsigned int deleted;
	unsigned int refuse_install;
	unsigned int refuse_spi;
	unsigned int acquire_failed;
	unsigned int events[EVENT_QUIT + 1];
	char told[WORLD_TOLD][REPORT_SENTENCE];
	unsigned int ntold;
	char last[EVENT_QUIT + 1][REPORT_SENTENCE];
	unsigned int scripts[SCRIPT_PHASE1_DEAD + 1];
	unsigned int sent;
	bool sign_fails;
};

/**
 * struct world - both, and the net between
 * @side: the two
 * @net: datagrams on their way, by time
 * @numbers: datagrams sent
 * @latency: ms, one way; 1 at first
 * @jitter: up to that many ms more, by @seed: reorders
 * @drop_nth: that datagram is lost, 0: none
 * @drop_count: and so many after it, 1 at first
 * @dup_nth: that one arrives twice
 * @delay_nth: that one is late ...
 * @delay_ms: ... by so much
 * @mtu: longer UDP payloads are lost, 0: none
 * @loss: of 1000 datagrams so many are lost, by @seed
 * @dups: of 1000 so many arrive twice
 * @cut: nothing arrives at all
 * @seed: of the random faults; the same seed, the same faults
 * @hook: sees every datagram when it is sent
 * @hook_arg: for the hook
 */
struct world {
	struct world_side side[2];
	struct world_dg *net;
	unsigned int numbers;
	unsigned int latency;
	unsigned int jitter;
	unsigned int drop_nth;
	unsigned int drop_count;
	unsigned int dup_nth;
	unsigned int delay_nth;
	unsigned int delay_ms;
	size_t mtu;
	unsigned int loss;
	unsigned int dups;
	bool cut;
	uint32_t seed;
	void (*hook)(struct world *w, struct world_dg *dg, void *arg);
	void *hook_arg;
};

/**
 * struct world_setup - what a side is made of
 * @conf: racoon.conf
 * @psk: psk.txt, NULL: none
 * @key: private key as PEM, NULL: none
 * @nat: a NAT is in front of it
 * @insecure: --allow-insecure
 * @file: further files of the configuration by name, PEM certificates mostly
 */
struct world_setup {
	const char *conf;
	const char *psk;
	const char *key;
	bool nat;
	bool insecure;
	struct {
		const char *name;
		const char *text;
	} file[6];
};

struct world *world_setup(const struct world_setup *a, const struct world_setup *b);
struct world *world_new(const char *conf_a, const char *psk_a, const char *conf_b,
			const char *psk_b);
void world_free(struct world *w);

/* an out policy and its mirror of a side, told to its engine; tunnels end at both addresses */
uint32_t world_policy(struct world *w, unsigned int side, const char *local, const char *remote,
		      uint8_t proto, uint8_t mode);
/* ESP and IPComp, AH and ESP: @first is applied first */
uint32_t world_policy_pair(struct world *w, unsigned int side, const char *local,
			   const char *remote, uint8_t first, uint8_t second, uint8_t mode);
/* the kernel wants an SA for the policy with that index */
void world_acquire(struct world *w, unsigned int side, unsigned int index);
/* time and datagrams until @ms are over */
void world_run(struct world *w, uint64_t ms);
/* only what arrives now and at once, no waiting for timers: at most @ms */
void world_settle(struct world *w, uint64_t ms);
/* put a datagram in, as if @from had sent it */
void world_inject(struct world *w, unsigned int from, const struct ike_path *path,
		  struct chunk data);

/*
 * Pairs of SAs that both kernels have with the same keys and algorithms, each
 * with its way back. If an SA is in one kernel only, or differs: -1 and @why.
 */
int world_pairs(struct world *w, char *why, size_t size);
/* has the other side the one that @sa of @side needs there: the same keys, the other direction? */
bool world_has_twin(const struct world *w, unsigned int side, const struct world_sa *sa);
/* can each side read whatever the other one has an SA to send with? */
bool world_is_read(const struct world *w);
/* IKE SAs of a side that are up (IKE_UP), and of any state but dead */
unsigned int world_ikes_up(struct world *w, unsigned int side);
unsigned int world_ikes(struct world *w, unsigned int side);
/* the only peer of a side, and its IKE SA that is up; NULL: none */
struct ike_peer *world_peer(struct world *w, unsigned int side);
struct ike_sa *world_ike(struct world *w, unsigned int side);
/* the first child that is up; NULL: none */
struct child_sa *world_child(struct world *w, unsigned int side);
/* report of the side's peer, or of strangers */
const struct report *world_report(struct world *w, unsigned int side);
/* the kernel's soft or hard lifetime of an inbound SA of @child is over */
void world_expire(struct world *w, unsigned int side, struct child_sa *child, bool hard);

/* every SA has carried something more */
void world_traffic(struct world *w);

/* ---- timer_fake.c: the clock ---- */

void fake_clock_reset(void);
/* due time of the next timer, 0: none */
uint64_t fake_clock_next(void);
/* turn it to @now, which is not past a due timer; fire those due at it */
void fake_clock_turn(uint64_t now);

/* ---- world_pki.c: certificates made on the spot ---- */

/**
 * struct pki - a CA and what it signed
 * @ca: PEM of the CA's certificate
 * @cert: PEM of the two sides' certificates; their subject is "C=DE, O=Test, CN=a.test"
 *	and b.test, which is their subjectAltName too
 * @key: PEM of their keys
 */
struct pki {
	char *ca;
	char *cert[2];
	char *key[2];
};

/* @kind: "rsa", "rsa1024", "ecdsa256", "ecdsa384", "ecdsa521", "ed25519" */
struct pki *pki_new(const char *kind);
void pki_free(struct pki *pki);

#endif /* TESTUDO_TEST_WORLD_H */
