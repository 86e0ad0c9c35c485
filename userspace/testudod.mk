# SPDX-License-Identifier: GPL-2.0
# testudod, the keying daemon, and testudoctl: included by the Makefile beside
# it. A room is a folder; the order of the rooms is the order of the layers.

DAEMON	:= $(HERE)testudod
CTLTOOL	:= $(HERE)testudoctl
ROOMS	:= base crypto wire conf auth engine ikev1 ikev2 edge ctl proc daemon

daemon_src := $(wildcard $(ROOMS:%=$(DAEMON)/%/*.c))
daemon_gen := conf/gram conf/conf
daemon_objs := $(daemon_src:$(DAEMON)/%.c=$(OBJ)/testudod/%.o) $(daemon_gen:%=$(OBJ)/testudod/%.o)
ctltool_objs := $(patsubst $(CTLTOOL)/%.c,$(OBJ)/testudoctl/%.o,$(wildcard $(CTLTOOL)/*.c))

DAEMON_CPPFLAGS := -I$(DAEMON) -I$(OBJ)/testudod
DAEMON_LIBS := -levent_core -lcrypto -ljansson -lmnl -lseccomp -lcap-ng

daemon_dirs := $(ROOMS:%=$(OBJ)/testudod/%)
$(daemon_dirs) $(OBJ)/testudoctl:
	$(Q)mkdir -p $@

$(OBJ)/testudod/conf/gram.c $(OBJ)/testudod/conf/gram.h &: $(DAEMON)/conf/gram.y | $(daemon_dirs)
	$(call say,BISON)
	$(Q)$(BISON) -Wall -Werror --header=$(OBJ)/testudod/conf/gram.h -o $(OBJ)/testudod/conf/gram.c $<

$(OBJ)/testudod/conf/conf.c $(OBJ)/testudod/conf/conf.lex.h &: $(DAEMON)/conf/conf.l | $(daemon_dirs)
	$(call say,FLEX)
	$(Q)$(FLEX) --header-file=$(OBJ)/testudod/conf/conf.lex.h -o $(OBJ)/testudod/conf/conf.c $<

daemon_gen_h := $(OBJ)/testudod/conf/gram.h $(OBJ)/testudod/conf/conf.lex.h

$(daemon_gen:%=$(OBJ)/testudod/%.o): $(OBJ)/testudod/%.o: $(OBJ)/testudod/%.c | $(daemon_gen_h)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(DAEMON_CPPFLAGS) $(CFLAGS) -Wno-missing-prototypes -Wno-shadow \
		-Wno-sign-compare -c $< -o $@

$(OBJ)/testudod/main.o $(OBJ)/testudoctl/main.o: $(HERE)../dkms.conf
$(OBJ)/testudod/main.o $(OBJ)/testudoctl/main.o: CPPFLAGS += -DTESTUDO_VERSION='"$(VERSION)"'
$(OBJ)/testudod/%.o: $(DAEMON)/%.c | $(daemon_dirs) $(daemon_gen_h)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(DAEMON_CPPFLAGS) $(CFLAGS) -c $< -o $@

$(OBJ)/testudoctl/%.o: $(CTLTOOL)/%.c | $(OBJ)/testudoctl
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(DAEMON_CPPFLAGS) -I$(CTLTOOL) $(CFLAGS) -c $< -o $@

$(OUT)/bin/testudod: $(OBJ)/testudod/main.o $(daemon_objs) $(OBJ)/libpfkey.a | $(OUT)/bin
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DAEMON_LIBS)

# Of the daemon's rooms only what reads and writes the control protocol is in the tool.
ctltool_rooms := $(patsubst %,$(OBJ)/testudod/%.o,base/addr base/bytes ctl/proto ctl/frame ctl/size)
$(OUT)/bin/testudoctl: $(ctltool_objs) $(ctltool_rooms) $(OBJ)/libpfkey.a | $(OUT)/bin
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -ljansson -lcrypto -lmnl -ledit

# Unit tests: one program a file, linked with the whole daemon but main.c, all of it under ASan and UBSan. In
# an archive, so that a test may bring its own clock. libFuzzer's are made the same way, by clang. Both kinds of
# objects lie in a folder of their own: $(1), by compiler $(2) with flags $(3).
DUNIT	:= $(HERE)../selftests/unit/testudod
SAN_FLAGS := -O1 -g -std=gnu11 -Wall -Wextra -Wno-sign-compare $(SAN)
FUZZ_FLAGS := -O1 -g -std=gnu11 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
	-Wno-shift-count-overflow -Wno-format-zero-length

define checked_compile
	$$(call say,CC)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(2) $$(CPPFLAGS) $$(DAEMON_CPPFLAGS) -I$$(DUNIT) -I$$(CTLTOOL) $(3) -MMD -MP -c $$< -o $$@
endef

define checked
$(OBJ)/$(1)/testudod/%.o: $(DAEMON)/%.c | $(daemon_gen_h)
$(call checked_compile,$(1),$(2),$(3))
$(OBJ)/$(1)/testudod/%.o: $(OBJ)/testudod/%.c
$(call checked_compile,$(1),$(2),$(3))
$(OBJ)/$(1)/testudoctl/%.o: $(CTLTOOL)/%.c
$(call checked_compile,$(1),$(2),$(3))
$(OBJ)/$(1)/lib/%.o: $(HERE)lib/%.c
$(call checked_compile,$(1),$(2),$(3))
$(OBJ)/$(1)/help/%.o: $(DUNIT)/%.c | $(daemon_gen_h)
$(call checked_compile,$(1),$(2),$(3))
$(OBJ)/$(1)/libtestudod.a: $(daemon_objs:$(OBJ)/%=$(OBJ)/$(1)/%) $(LIB_OBJS:%=$(OBJ)/$(1)/lib/%.o)
	$$(call say,AR)
	$$(Q)rm -f $$@
	$$(Q)$$(AR) qcs $$@ $$^
endef

$(eval $(call checked,unit,$(CC),$(SAN_FLAGS)))
$(eval $(call checked,fuzz,$(CLANG),$(FUZZ_FLAGS)))
.SECONDARY: $(daemon_objs:$(OBJ)/%=$(OBJ)/unit/%) $(daemon_objs:$(OBJ)/%=$(OBJ)/fuzz/%)

# What stands beside a test is linked to those that include its header: $(1) is the folder, $(2) the test's source.
uses = $(if $(shell grep -lE '^.include "($(2))"' $(1)),$(3))
help_of = $(patsubst %,$(OBJ)/$(1)/%.o, \
	$(call uses,$(2),world.h|v1_case.h,$(patsubst $(DUNIT)/%.c,help/%,$(filter-out %/world_edit.c,$(wildcard $(DUNIT)/world*.c)) \
		$(DUNIT)/timer_fake.c)) \
	$(call uses,$(2),fake_kernel.h,help/fake_kernel) $(call uses,$(2),v1_case.h,help/v1_case) \
	$(call uses,$(2),evil.h,help/evil) $(call uses,$(2),world_edit.h,help/world_edit) \
	$(call uses,$(2),puppet.h,help/puppet) \
	$(call uses,$(2),testudoctl.h|decide.h|flow.h,$(patsubst $(CTLTOOL)/%.c,testudoctl/%, \
		$(filter-out %/main.c %/line.c,$(wildcard $(CTLTOOL)/*.c)))))

dunit_progs := $(patsubst $(DUNIT)/%.c,$(OBJ)/unit/testudod/%,$(wildcard $(DUNIT)/test_*.c))
dfuzz_progs := $(patsubst $(DUNIT)/%.c,$(OBJ)/unit/testudod/%,$(wildcard $(DUNIT)/fuzz_*.c))
.SECONDEXPANSION:
$(dunit_progs): $(OBJ)/unit/testudod/%: $(OBJ)/unit/help/%.o $$(call help_of,unit,$(DUNIT)/$$*.c) $(OBJ)/unit/libtestudod.a
	$(call say,LINK)
	$(Q)$(CC) $(SAN) -o $@ $^ $(DAEMON_LIBS) -lcmocka

$(dfuzz_progs): $(OBJ)/unit/testudod/%: $(OBJ)/fuzz/help/%.o $$(call help_of,fuzz,$(DUNIT)/$$*.c) $(OBJ)/fuzz/libtestudod.a
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^ $(DAEMON_LIBS)

# With the sanitizers there is no filter of system calls, so that of the processes is made without them, too.
$(OBJ)/unit/testudod/test_proc_filter: $(DUNIT)/test_proc.c $(DUNIT)/puppet.c $(daemon_objs) $(OBJ)/libpfkey.a
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(DAEMON_CPPFLAGS) -I$(DUNIT) -O1 -g -std=gnu11 -o $@ $^ $(DAEMON_LIBS) -lcmocka

unit-testudod: $(dunit_progs) $(OBJ)/unit/testudod/test_proc_filter
fuzz-testudod: $(dfuzz_progs)

.PHONY: unit-testudod fuzz-testudod
-include $(wildcard $(OBJ)/testudod/*.d $(OBJ)/testudod/*/*.d $(OBJ)/testudoctl/*.d)
-include $(wildcard $(foreach d,unit fuzz,$(OBJ)/$(d)/*/*.d $(OBJ)/$(d)/testudod/*/*.d))
