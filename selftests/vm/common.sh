# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# common.sh - what the VM scripts share: where things are and how to speak.
#
# shellcheck disable=SC2034 # for those who source it
#
# Sourced, never run.  It sets no option of the caller's shell and starts
# nothing.

# The source tree, and the cache that survives it: kernels, initramfs images.
TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
CACHE=${TESTUDO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/testudo}
case $CACHE in
/*) ;;
*) CACHE=$PWD/$CACHE ;;
esac

# The kernels that have a name; what each is made of stands in "kernel".
KERNELS="6.12 6.1 7.3 debug"

# How packages are got: a mirror may refuse for two minutes (apt by itself gives up after seven seconds)
APT=(apt-get -o Acquire::Retries=8 -o DPkg::Lock::Timeout=600)

# say TEXT... - progress, to stderr so that stdout stays the result's
say()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# die TEXT... - a failure of the script itself, never of what it runs
die()
{
	say "$@"
	exit 125
}

# need_root WHAT - refuse early, with the reason, what only root can do
need_root()
{
	[ "$(id -u)" -eq 0 ] || die "$1 needs root; run it with sudo"
}

# quiet FOLDER COMMAND... - it works and says nothing to stderr; else what it built in
# FOLDER goes, for what was compiled once warns no more
quiet()
{
	local folder=$1 said rc

	shift
	said=$("$@" 2>&1 >/dev/null)
	rc=$?
	[ $rc -ne 0 ] || [ -n "$said" ] || return 0
	echo "${said:-failed with status $rc and no word}"
	rm -rf "$folder"
	return 1
}

# is_emulators LOG - QEMU's threads may execute an int3 of the kernel's text patching (static keys, of which
# tests turn many) after it is gone.  LOG is what "run" said of it.  Of a real one the byte in front of where it
# stands, which is marked, is still an int3 (cc).  Kernels before 6.10 do not say "Oops".
is_emulators()
{
	grep -qE '(Oops: |\] )int3: [0-9a-f]{4} \[#' "$1" &&
		sed -n '/\] Code: /{p;q}' "$1" | grep -E ' [0-9a-f]{2} <[0-9a-f]{2}>' | grep -qv ' cc <'
}
