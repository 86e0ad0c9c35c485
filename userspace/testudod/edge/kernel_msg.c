// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel tells unasked, made into calls of struct kernel_events.
 * Everything is copied out of a message before the call, which may make
 * requests and so overwrite it.
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/log.h"
#include "edge/kernel_room.h"

bool kernel_is_event(const struct sadb_msg *base)
{
	switch (base->sadb_msg_type) {
	case SADB_ACQUIRE:
	case SADB_EXPIRE:
	case SADB_DELETE:
	case SADB_FLUSH:
	case SADB_X_NAT_T_NEW_MAPPING:
	case SADB_X_SPDADD:
	case SADB_X_SPDUPDATE:
	case SADB_X_SPDSETIDX:
	case SADB_X_SPDDELETE:
	case SADB_X_SPDDELETE2:
	case SADB_X_SPDEXPIRE:
	case SADB_X_SPDFLUSH:
	case SADB_X_MIGRATE:
		/* a refusal is for who asked: nothing happened */
		return !base->sadb_msg_errno;
	default:
		return false;
	}
}

static void msg_port(const struct pfkey_msg *msg, unsigned int type, struct sockaddr_storage *sa)
{
	const struct sadb_x_nat_t_port *port = pfkey_ext(msg, type);

	addr_set_port(sa, port ? ntohs(port->sadb_x_nat_t_port_port) : 0);
}

bool kernel_name_from(const struct pfkey_msg *msg, struct kern_name *name)
{
	const struct sadb_sa *sa = pfkey_ext(msg, SADB_EXT_SA);

	*name = (struct kern_name){ .proto = pfkey_satype_transform(msg->base->sadb_msg_satype) };
	if (!name->proto || !sa)
		return false;
	name->spi = ntohl(sa->sadb_sa_spi);
	if (!pfkey_get_address(msg, SADB_EXT_ADDRESS_SRC, &name->src) ||
	    !pfkey_get_address(msg, SADB_EXT_ADDRESS_DST, &name->dst))
		return false;
	if (name->src.ss_family != name->dst.ss_family)
		return false;
	msg_port(msg, SADB_X_EXT_NAT_T_SPORT, &name->src);
	msg_port(msg, SADB_X_EXT_NAT_T_DPORT, &name->dst);
	return true;
}

/* From the kernel it has pid 0; other daemons' refusals of an ACQUIRE are not ours. */
static void msg_acquire(struct kernel *k, const struct pfkey_msg *msg)
{
	const struct sadb_x_policy *policy = pfkey_ext(msg, SADB_X_EXT_POLICY);
	struct kern_acquire acq = {
		.seq = msg->base->sadb_msg_seq,
		.policy = policy ? policy->sadb_x_policy_id : 0,
		.proto = pfkey_satype_transform(msg->base->sadb_msg_satype),
	};

	if (msg->base->sadb_msg_pid || !acq.proto)
		return;
	pfkey_get_address(msg, SADB_EXT_ADDRESS_SRC, &acq.src);
	pfkey_get_address(msg, SADB_EXT_ADDRESS_DST, &acq.dst);
	if (acq.src.ss_family != acq.dst.ss_family)
		return;
	addr_set_port(&acq.src, 0);
	addr_set_port(&acq.dst, 0);
	k->events->acquire(k->arg, &acq);
}

/*
 * Either extension is there, not both; of both, soft means less harm. A larval
 * SA's end (SPI 0, of af_key) concerns nobody: its negotiation has its own time.
 */
static void msg_expire(struct kernel *k, const struct pfkey_msg *msg)
{
	bool hard = !pfkey_ext(msg, SADB_EXT_LIFETIME_SOFT);
	struct kern_name name;

	if (hard && !pfkey_ext(msg, SADB_EXT_LIFETIME_HARD))
		return;
	if (kernel_name_from(msg, &name) && name.spi)
		k->events->expire(k->arg, &name, hard);
}

/* Source is where ESP came from, destination where it comes from now. */
static void msg_mapping(struct kernel *k, const struct pfkey_msg *msg)
{
	struct sockaddr_storage now;
	struct kern_name name;

	if (!kernel_name_from(msg, &name))
		return;
	now = name.dst;
	name.dst = (struct sockaddr_storage){ 0 };
	k->events->mapping(k->arg, &name, &now);
}

static void msg_deleted(struct kernel *k, const struct pfkey_msg *msg)
{
	struct kern_name name;

	if (kernel_name_from(msg, &name) && name.spi)
		k->events->deleted(k->arg, &name);
}

static void msg_flushed(struct kernel *k, const struct pfkey_msg *msg)
{
	unsigned int satype = msg->base->sadb_msg_satype;
	uint8_t proto = pfkey_satype_transform(satype);

	if (proto || satype == SADB_SATYPE_UNSPEC)
		k->events->flushed(k->arg, proto);
}

static void msg_policy(struct kernel *k, const struct pfkey_msg *msg)
{
	struct policy p;

	if (kernel_policy_from(msg, &p))
		kernel_policy_seen(k, &p);
}

static void msg_policy_gone(struct kernel *k, const struct pfkey_msg *msg)
{
	const struct sadb_x_policy *policy = pfkey_ext(msg, SADB_X_EXT_POLICY);

	kernel_policy_gone(k, policy->sadb_x_policy_id);
}

static void msg_dispatch(struct kernel *k, const struct pfkey_msg *msg)
{
	switch (msg->base->sadb_msg_type) {
	case SADB_ACQUIRE:
		msg_acquire(k, msg);
		break;
	case SADB_EXPIRE:
		msg_expire(k, msg);
		break;
	case SADB_DELETE:
		msg_deleted(k, msg);
		break;
	case SADB_FLUSH:
		msg_flushed(k, msg);
		break;
	case SADB_X_NAT_T_NEW_MAPPING:
		msg_mapping(k, msg);
		break;
	case SADB_X_SPDADD:
	case SADB_X_SPDUPDATE:
	case SADB_X_SPDSETIDX:
		msg_policy(k, msg);
		break;
	case SADB_X_SPDDELETE:
	case SADB_X_SPDDELETE2:
	case SADB_X_SPDEXPIRE:
		msg_policy_gone(k, msg);
		break;
	case SADB_X_SPDFLUSH:
		kernel_policy_all_gone(k);
		break;
	case SADB_X_MIGRATE:
		/* it tells old and new ends, not which policies have them */
		k->stale = "a policy and its SAs have moved (MIGRATE)";
		break;
	default:
		break;
	}
}

void kernel_event(struct kernel *k, const void *data, size_t len)
{
	struct pfkey_fault fault;
	struct pfkey_msg msg;

	if (pfkey_parse(data, len, &msg, &fault)) {
		log_debug("a PF_KEY message is ignored: %s", fault.why);
		return;
	}
	if (!kernel_is_event(msg.base))
		return;
	if (pfkey_check_answer(&msg, &fault)) {
		log_debug("PF_KEY %s is ignored: %s (%s)", pfkey_msg_name(msg.base->sadb_msg_type),
			  fault.why, pfkey_ext_name(fault.type));
		return;
	}
	msg_dispatch(k, &msg);
}
