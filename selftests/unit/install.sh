#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Do `make install` and dkms.conf put there what people use, and does `make
# uninstall` take it away again? In folders of its own: nothing is installed
# here. Output is KTAP.
#
# timeout: 600
#
# The module is built as dkms would do it, for the newest kernel whose headers
# are installed; without headers these cases are skipped.

top=$(cd "$(dirname "$0")/../.." && pwd -P)
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL PREFIX DESTDIR SBINDIR MANDIR INCLUDEDIR MODPROBEDIR SYSTEMDDIR KDIR
tree=$tmp/tree root=$tmp/root log=$tmp/log
count=0 failed=0

# result NAME: the status of the command before it decides
result()
{
	local ok=$?

	count=$((count + 1))
	if [ $ok -eq 0 ]; then
		echo "ok $count install: $1"
	else
		echo "not ok $count install: $1"
		failed=$((failed + 1))
		tail -n 20 "$log" | sed 's/^/# /'
	fi
}

# skip NAME WHY
skip()
{
	count=$((count + 1))
	echo "ok $count install: $1 # SKIP $2"
}

# newest - the newest release here whose headers can build the module
newest()
{
	local d

	for d in /lib/modules/*/build; do
		[ -e "$d/Makefile" ] && basename "${d%/build}"
	done | sort -V | tail -n 1
}

# files DIR - mode and path of all that is in there
files()
{
	(cd "$1" && find . ! -type d -printf '%m %P\n' | sort -k2)
}

# same - standard input is what is in $root
same()
{
	diff <(sort -k2) <(files "$root") >>"$log" 2>&1
}

# dkms MAKE|CLEAN - that line of dkms.conf, with the variables that dkms sets
dkms()
(
	# shellcheck disable=SC2034 # for dkms.conf
	kernelver=$rel kernel_source_dir=/lib/modules/$rel/build dkms_tree=$tmp/dkms
	. "$tree/dkms.conf"
	cd "$built" || exit
	export MAKEFLAGS=-j2
	case $1 in
	MAKE) eval "${MAKE[0]}" ;;
	CLEAN) eval "$CLEAN" ;;
	esac
)

tools()
{
	cat <<-END
		644 usr/local/include/linux/testudo_pfkey.h
		644 usr/local/lib/systemd/system/testudod.service
		644 usr/local/lib/sysusers.d/testudod.conf
		755 usr/local/sbin/setkey
		755 usr/local/sbin/testudoctl
		755 usr/local/sbin/testudod
		644 usr/local/share/man/man4/testudo.4
		644 usr/local/share/man/man5/testudod.conf.5
		644 usr/local/share/man/man8/setkey.8
		644 usr/local/share/man/man8/testudoctl.8
		644 usr/local/share/man/man8/testudod.8
	END
}

# t_dkms - the module, from a copy of the tree where dkms has it
t_dkms()
{
	mkdir -p "$built"
	cp -a "$top"/{Kbuild,Makefile,dkms.conf,module,uapi} "$built"
	dkms MAKE >"$log" 2>&1 && [ -s "$built/$name.ko" ]
	result "dkms: MAKE builds $name.ko for $rel"
	modinfo -F vermagic "$built/$name.ko" 2>&1 | tee "$log" | grep -q "^$rel "
	result "dkms: the module is for that kernel"
	mkdir -p "$tree/build/$rel"
	cp "$built/$name.ko" "$tree/build/$rel/testudo.ko"
	dkms CLEAN >"$log" 2>&1 && ! find "$built" -name '*.o' -o -name '*.ko' | tee -a "$log" | grep -q .
	result "dkms: CLEAN leaves no object"
}

t_install()
{
	make -s -C "$tree" install DESTDIR="$root" >"$log" 2>&1
	result "make install works"
	same <<-END
		644 etc/modprobe.d/testudo.conf
		644 lib/modules/$rel/updates/testudo.ko
		$(tools)
	END
	result "make install: these files, with these modes, and no other"
	modinfo -F vermagic "$root/lib/modules/$rel/updates/testudo.ko" 2>&1 | tee "$log" | grep -q "^$rel "
	result "make install: what is installed is still a module"
	t_uninstall "make uninstall"
}

# t_uninstall NAME - it takes its own files, and leaves what is not its own
t_uninstall()
{
	touch "$root/usr/local/sbin/other"
	make -s -C "$tree" uninstall DESTDIR="$root" >"$log" 2>&1
	result "$1 works"
	same <<<"$(stat -c %a "$root/usr/local/sbin/other") usr/local/sbin/other"
	result "$1 leaves nothing but what others have put there"
	rm -f "$root/usr/local/sbin/other"
}

# t_unit - does systemd understand the unit?
t_unit()
{
	local unit=usr/local/lib/systemd/system/testudod.service

	if ! type systemd-analyze >/dev/null 2>&1; then
		skip "the unit is understood" "there is no systemd-analyze"
		return
	fi
	# the daemon and its man pages are elsewhere
	sed "s,=/usr/local,=$root/usr/local,; /^Documentation=/d" "$root/$unit" >"$tmp/testudod.service"
	systemd-analyze verify "$tmp/testudod.service" >"$log" 2>&1 && [ ! -s "$log" ]
	result "systemd understands the unit"
}

t_tools()
{
	make -s -C "$tree" install-tools DESTDIR="$root" >"$log" 2>&1
	tools | same
	result "make install-tools: these files, with these modes, and no other"
	"$root/usr/local/sbin/setkey" -V >"$log" 2>&1
	result "the installed setkey runs"
	"$root/usr/local/sbin/testudod" -V >"$log" 2>&1 && "$root/usr/local/sbin/testudoctl" -V >>"$log" 2>&1
	result "the installed testudod and testudoctl run"
	t_unit
	echo '#include <linux/testudo_pfkey.h>' |
		gcc -Wall -Werror -fsyntax-only -I"$root/usr/local/include" -x c - >"$log" 2>&1
	result "the installed header compiles by itself"
	t_uninstall "make uninstall of the tools"
	make -s -C "$tree" install-tools DESTDIR="$root" PREFIX=/usr >"$log" 2>&1
	tools | sed 's,usr/local,usr,' | same
	result "make install-tools PREFIX=/usr: below that prefix"
	grep -q '^ExecStart=/usr/sbin/testudod ' "$root/usr/lib/systemd/system/testudod.service" >"$log" 2>&1
	result "make install-tools PREFIX=/usr: the unit starts the daemon there"
}

echo "KTAP version 1"
mkdir -p "$tree/build" "$tree/Documentation" "$root"
make -s --no-print-directory -C "$top/userspace" O="$top/build" all || exit 1
cp -a "$top"/{Kbuild,Makefile,dkms.conf,module,uapi} "$tree"
cp -a "$top/Documentation/man" "$tree/Documentation"
mkdir -p "$tree/userspace/testudod"
cp -a "$top"/userspace/testudod/testudod.{service,sysusers} "$tree/userspace/testudod"
cp -a "$top/build/bin" "$tree/build"
rel=$(newest)
name=$(. "$tree/dkms.conf" && echo "${BUILT_MODULE_NAME[0]}")
built=$tmp/dkms/$(. "$tree/dkms.conf" && echo "$PACKAGE_NAME/$PACKAGE_VERSION")/build
t_tools
rm -rf "$root"
mkdir "$root"
if [ -n "$rel" ]; then
	t_dkms
	t_install
else
	skip "dkms" "no kernel headers are installed"
	skip "make install" "no kernel headers are installed"
fi
echo "1..$count"
exit $((failed > 0))
