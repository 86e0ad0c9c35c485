#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# May root of a user namespace key its own network namespace, and no other?
#
# kernels: all

. "$(dirname "$0")/../lib.sh"

# as_user COMMAND... - without any capability in the namespace where it runs
as_user()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

t_unprivileged()
{
	local out

	out=$(as_user setkey -D 2>&1) && fail "a user without CAP_NET_ADMIN opened PF_KEY"
	[[ $out == *"ot permitted"* ]] || fail "expected EPERM, saw: $out"
}

t_own()
{
	local out

	n A setkey -c <<<"add 10.0.0.1 10.0.0.2 esp 0x1234 -E aes-gcm-16 0x$(printf '%040x' 5);" || fail "adding in A"
	out=$(n A unshare -Urn --map-root-user sh -c '
		setkey -D
		echo "add 10.0.0.1 10.0.0.2 esp 0x4321 -E aes-gcm-16 0x000102030405060708090a0b0c0d0e0f10111213;" | setkey -c || exit 1
		setkey -D' 2>&1) || fail "keying its own namespace: $out"
	[[ $out == *"No SAD entries"* ]] || fail "sees SAs that are not its own: $out"
	[[ $out == *00004321* ]] || fail "does not see its own SA: $out"
	equal "$(n A setkey -D | grep -c 'spi=')" 1 "SAs in A"
}

# Root of a user namespace that does not own the network namespace.
t_other()
{
	local out

	out=$(n A unshare -Ur --map-root-user setkey -D 2>&1) && fail "opened PF_KEY in a network namespace of others"
	[[ $out == *"ot permitted"* ]] || fail "expected EPERM, saw: $out"
}

need_testudo
unshare -Urn true 2>/dev/null || skip_all "no user namespaces"
node A
add_case "N01 no capability" t_unprivileged
add_case "K07 userns_perm: its own network namespace" t_own
add_case "K07 userns_perm: another's" t_other
run_cases "$@"
