/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The net process of test_proc, a puppet: a word comes over a socket, and lines with
 * what came of it go back.
 *
 *	ready			it runs
 *	psk WHO			"psk" and the first bytes of a PRF, or "no", error and sentence
 *	sign REMOTE		"signature good", or "no", error and sentence
 *	walls			what is still open to it
 *	given TEXT		is that anywhere in the configuration that it was given?
 *	reload, check		the files are to be read again, or only looked at
 *	script REMOTE		phase1_up, with an environment of an attacker
 *	down REMOTE		phase1_down
 *	exec, crash, steal	what no net process does
 *
 * It says what the monitor tells it, too: "source", "reloaded", "socket", "peer" ...
 */
#ifndef TESTUDOD_TEST_PUPPET_H
#define TESTUDOD_TEST_PUPPET_H

#include "proc/monitor.h"

/* the folder of the test, in the environment; there the test listens at that name */
#define PUPPET_DIR  "TEST_PROC_DIR"
#define PUPPET_WIRE "wire"

extern const struct monitor_hooks puppet_hooks;

#endif /* TESTUDOD_TEST_PUPPET_H */
