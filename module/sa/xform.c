// SPDX-License-Identifier: GPL-2.0
/*
 * xform - which IPsec protocols there are. Never calls them.
 */
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>

#include "sa/xform.h"

#define XFORM_MAX	3		/* ESP, AH, IPComp */

static const struct ipsec_xform *xforms[XFORM_MAX];	/* @xform_mutex */
static DEFINE_MUTEX(xform_mutex);

/**
 * ipsec_xform_register() - a protocol comes
 * @xf: must stay until no SA uses it
 *
 * Context: Process, a room's init.
 * Return: 0, -EEXIST, or -ENOSPC.
 */
int ipsec_xform_register(const struct ipsec_xform *xf)
{
	int i, place = -ENOSPC;

	mutex_lock(&xform_mutex);
	for (i = 0; i < XFORM_MAX; i++) {
		if (!xforms[i]) {
			place = i;
		} else if (xforms[i]->proto == xf->proto) {
			place = -EEXIST;
			break;
		}
	}
	if (place >= 0)
		xforms[place] = xf;
	mutex_unlock(&xform_mutex);
	return min(place, 0);
}

/**
 * ipsec_xform_unregister() - a protocol goes
 * @xf: registered, or nothing happens
 *
 * Context: Process, a room's exit: no SA is left.
 */
void ipsec_xform_unregister(const struct ipsec_xform *xf)
{
	int i;

	mutex_lock(&xform_mutex);
	for (i = 0; i < XFORM_MAX; i++)
		if (xforms[i] == xf)
			xforms[i] = NULL;
	mutex_unlock(&xform_mutex);
}

/**
 * ipsec_xform_find() - the protocol of a number
 * @proto: IPPROTO_ESP, ...
 *
 * Context: Process.
 * Return: the protocol, or NULL when it is not implemented.
 */
const struct ipsec_xform *ipsec_xform_find(u8 proto)
{
	const struct ipsec_xform *xf = NULL;
	int i;

	mutex_lock(&xform_mutex);
	for (i = 0; i < XFORM_MAX; i++)
		if (xforms[i] && xforms[i]->proto == proto)
			xf = xforms[i];
	mutex_unlock(&xform_mutex);
	return xf;
}
