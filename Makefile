# SPDX-License-Identifier: GPL-2.0
#
# The way in for people: builds, installs and tests by calling what does it.
# The module's objects are listed in Kbuild, the tools' in userspace/Makefile.

# Kbuild's make never reads this file (it prefers Kbuild), so all here is ours.
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash

PREFIX ?= /usr/local
DESTDIR ?=
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
INCLUDEDIR ?= $(PREFIX)/include
MODPROBEDIR ?= /etc/modprobe.d
SYSTEMDDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d

VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
RUN := selftests/vm/run
J ?= -j$(shell nproc)

# W=1, C=1 and C=2 reach Kbuild; our switch is y or nothing.
yes = $(if $(filter-out 0 n no,$(1)),y)
MODULE_ARGS := $(J) $(if $(W),W=$(W)) $(if $(C),C=$(C))
SELFTEST_ARG := $(if $(call yes,$(TESTUDO_SELFTEST)),TESTUDO_SELFTEST=y)

# Without KDIR: the running kernel, else every kernel here that is supported.
RUNNING := $(wildcard /lib/modules/$(shell uname -r)/build)
HEADERS := $(shell for d in /lib/modules/*/build; do \
	[ -e "$$d/Makefile" ] && printf '6.1\n%s\n' "$$(basename "$${d%/build}")" | \
		sort -VC && echo "$$d"; done)
KDIRS := $(or $(KDIR),$(RUNNING),$(HEADERS))

KERNELS := 6.12 6.1 7.3 debug

.PHONY: all userspace module modules-selftest clean help demo lint tags
.PHONY: install install-module install-tools uninstall
.PHONY: check check-unit check-nightly $(KERNELS:%=check-%) $(KERNELS:%=module-%) headers-check

all: userspace module

userspace:
	@$(MAKE) -C userspace O=$(CURDIR)/build

module:
	@[ -n "$(KDIRS)" ] || { echo "no kernel headers here: install linux-headers, say KDIR=..., or make module-6.12"; exit 2; }
	@for k in $(KDIRS); do module/build.sh $$k $(MODULE_ARGS) $(SELFTEST_ARG) || exit; done

# For a kernel of the test machine, which may have to be fetched or built first.
$(KERNELS:%=module-%): module-%:
	@selftests/setup build
	@d=$$(selftests/vm/kernel $*) && \
	module/build.sh $$([ ! -e $$d/chroot ] || echo -r $$(cat $$d/chroot)) \
		$$(cat $$d/kdir) $(MODULE_ARGS) $(SELFTEST_ARG)

# K: the kernel to show it on; DEMO: racoon, ikev2, certs (testudod's ways) or manual (setkey alone)
K ?= 6.12
DEMO ?= racoon

demo:
	@selftests/setup build vm demo
	@echo 'demo: building the tools, and the module for Linux $(K)'
	@$(MAKE) -s userspace module-$(K)
	@echo 'demo: booting Linux $(K) in QEMU; its namespaces are the network'
	@$(RUN) -k $(K) -- env DEMO=$(DEMO) selftests/demo.sh

# All of these set up what they need; "check" ends with "N passed, N failed".
check:
	@selftests/check all

check-unit $(KERNELS:%=check-%): check-%:
	@selftests/check $*

# 10^6 messages and packets where the kernel checks its memory, two hours of libFuzzer.
check-nightly:
	@selftests/nightly

lint:
	@selftests/setup build lint
	@selftests/lint/all.sh

headers-check:
	@selftests/lint/headers.sh

install: install-module install-tools

# What was built for a kernel that is installed here (or for KDIR).
install-module:
	@n=0; for ko in build/*/testudo.ko; do \
		rel=$$(basename $$(dirname $$ko)); \
		[ -d "/lib/modules/$$rel" ] || continue; \
		[ -z "$(KDIR)" ] || grep -qF "\"$$rel\"" $(KDIR)/include/generated/utsrelease.h || continue; \
		install -D -m 644 $$ko "$(DESTDIR)/lib/modules/$$rel/updates/testudo.ko" && \
		strip --strip-debug "$(DESTDIR)/lib/modules/$$rel/updates/testudo.ko" || exit; \
		echo "  INSTALL $(DESTDIR)/lib/modules/$$rel/updates/testudo.ko"; \
		[ -n "$(DESTDIR)" ] || depmod $$rel; \
		n=$$((n + 1)); \
	done; [ $$n -gt 0 ] || { echo "no module is built for a kernel that is installed here: run make first"; exit 2; }
	install -D -m 644 module/testudo.conf "$(DESTDIR)$(MODPROBEDIR)/testudo.conf"

TOOLS = $(wildcard build/bin/*)
UNIT := userspace/testudod/testudod.service
SYSUSERS := userspace/testudod/testudod.sysusers
MANPAGES := $(wildcard Documentation/man/*.[1-9])

install-tools:
	@[ -n "$(TOOLS)" ] || { echo "no tool is built: run make first"; exit 2; }
	install -d "$(DESTDIR)$(SBINDIR)"
	install -m 755 $(TOOLS) "$(DESTDIR)$(SBINDIR)"
	install -D -m 644 uapi/linux/testudo_pfkey.h "$(DESTDIR)$(INCLUDEDIR)/linux/testudo_pfkey.h"
	install -D -m 644 $(UNIT) "$(DESTDIR)$(SYSTEMDDIR)/$(notdir $(UNIT))"
	sed -i 's,/usr/local/sbin/,$(SBINDIR)/,' "$(DESTDIR)$(SYSTEMDDIR)/$(notdir $(UNIT))"
	install -D -m 644 $(SYSUSERS) "$(DESTDIR)$(SYSUSERSDIR)/testudod.conf"
	$(foreach m,$(MANPAGES),install -D -m 644 $(m) \
		"$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(m)))/$(notdir $(m))" &&) :
	@[ -n "$(DESTDIR)" ] || ! type systemd-sysusers >/dev/null 2>&1 || \
		systemd-sysusers "$(SYSUSERSDIR)/testudod.conf"

uninstall:
	rm -f "$(DESTDIR)$(MODPROBEDIR)/testudo.conf" "$(DESTDIR)$(INCLUDEDIR)/linux/testudo_pfkey.h" \
		"$(DESTDIR)$(SYSTEMDDIR)/$(notdir $(UNIT))" "$(DESTDIR)$(SYSUSERSDIR)/testudod.conf"
	$(foreach t,$(sort $(TOOLS) build/bin/setkey build/bin/testudod build/bin/testudoctl),rm -f "$(DESTDIR)$(SBINDIR)/$(notdir $(t))" &&) :
	$(foreach m,$(MANPAGES),rm -f \
		"$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(m)))/$(notdir $(m))" &&) :
	@for ko in "$(DESTDIR)"/lib/modules/*/updates/testudo.ko; do \
		[ -e "$$ko" ] || continue; \
		rel=$${ko%/updates/*}; rm -f "$$ko"; echo "  REMOVE $$ko"; \
		[ -n "$(DESTDIR)" ] || depmod $${rel##*/}; \
	done

clean:
	@[ ! -e userspace/Makefile ] || $(MAKE) -C userspace O=$(CURDIR)/build clean
	rm -rf build

help:
	@echo 'Testudo $(VERSION): an IPsec stack in one module, driven by PF_KEY'
	@echo
	@echo '  make               tools to build/bin, module to build/RELEASE/testudo.ko: for KDIR,'
	@echo '                     else the running kernel, else every kernel whose headers are here'
	@echo '  make userspace, make module                      one of the two'
	@echo '  make module-K      for a kernel of the test machine; K: $(KERNELS)'
	@echo '  make install, make uninstall     module, modprobe.d file, tools, man pages,'
	@echo '                     systemd unit (PREFIX=$(PREFIX), DESTDIR=)'
	@echo
	@echo '  make demo [K=6.1] [DEMO=racoon|ikev2|certs|manual]'
	@echo '                     two gateways, their keys, packets under ESP: in a VM'
	@echo '  make check         every test, with all set-up; ends with "N passed, N failed"'
	@echo '  make check-unit    on the host: pure rooms, setkey, install, the build by dkms'
	@echo '  make check-K       the tests of one kernel of the test machine'
	@echo '  make check-debug   those of 6.12 under KASAN, lockdep and kmemleak: hours, and not in check'
	@echo '  make check-nightly the fuzzers at length, on the kernel of check-debug: a night'
	@echo '  make lint          layers, cycles, headers, checkpatch, sparse, shellcheck, W=1, ...'
	@echo '  make clean         remove build/'
	@echo
	@echo '  W=1                more compiler warnings         C=1, C=2   sparse'
	@echo '  TESTUDO_SELFTEST=1 self-tests when the module loads (build/RELEASE-selftest/)'
	@echo '  V=1                the commands'
	@echo
	@echo '  $(RUN) --help: boot a kernel with the module and run a command in it'
	@echo '  The cache of kernels is outside of the tree: $${TESTUDO_CACHE:-~/.cache/testudo}'
