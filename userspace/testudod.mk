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
$(daemon_dirs) $(OBJ)/testudoctl $(OBJ)/unit/testudod:
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

$(OBJ)/testudod/main.o: CPPFLAGS += -DTESTUDO_VERSION='"$(VERSION)"'
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
ctltool_rooms := $(filter $(OBJ)/testudod/base/%,$(daemon_objs)) \
	$(patsubst %,$(OBJ)/testudod/ctl/%.o,proto frame size)
$(OUT)/bin/testudoctl: $(ctltool_objs) $(ctltool_rooms) $(OBJ)/libpfkey.a | $(OUT)/bin
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -ljansson -levent_core -lcrypto -lmnl -ledit

# Unit tests: one program a file, linked with the whole daemon but main.c, all of it under ASan and UBSan. In
# an archive, so that a test may bring its own clock.
DUNIT	:= $(HERE)../selftests/unit/testudod
dunit_progs := $(patsubst $(DUNIT)/test_%.c,$(OBJ)/unit/testudod/test_%,$(wildcard $(DUNIT)/test_*.c))
san_objs := $(daemon_objs:$(OBJ)/%.o=$(OBJ)/unit/%.o)
fake_objs := $(OBJ)/unit/testudod/help/fake_kernel.o
case_objs := $(OBJ)/unit/testudod/help/v1_case.o
tool_objs := $(patsubst $(CTLTOOL)/%.c,$(OBJ)/unit/testudod/tool/%.o,\
	$(filter-out %/main.c %/line.c,$(wildcard $(CTLTOOL)/*.c)))
world_objs := $(patsubst $(DUNIT)/%.c,$(OBJ)/unit/testudod/help/%.o,$(wildcard $(DUNIT)/world*.c $(DUNIT)/timer_fake.c))
san_dirs := $(ROOMS:%=$(OBJ)/unit/testudod/%) $(OBJ)/unit/testudod/help \
	$(OBJ)/unit/testudod/tool $(OBJ)/unit/lib
SAN_FLAGS := -O1 -g -std=gnu11 -Wall -Wextra -Wno-sign-compare -MMD -MP $(SAN)

$(san_dirs):
	$(Q)mkdir -p $@

$(OBJ)/unit/testudod/conf/gram.o $(OBJ)/unit/testudod/conf/conf.o: $(OBJ)/unit/%.o: $(OBJ)/%.c | $(san_dirs)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(DAEMON_CPPFLAGS) $(SAN_FLAGS) -c $< -o $@

$(OBJ)/unit/testudod/tool/%.o: $(CTLTOOL)/%.c | $(san_dirs)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(DAEMON_CPPFLAGS) -I$(CTLTOOL) $(SAN_FLAGS) -c $< -o $@

$(OBJ)/unit/testudod/help/%.o: $(DUNIT)/%.c | $(san_dirs)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(DAEMON_CPPFLAGS) -I$(DUNIT) -I$(CTLTOOL) $(SAN_FLAGS) -c $< -o $@

$(OBJ)/unit/testudod/%.o: $(DAEMON)/%.c | $(san_dirs) $(daemon_gen_h)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(DAEMON_CPPFLAGS) $(SAN_FLAGS) -c $< -o $@

$(OBJ)/unit/lib/%.o: $(HERE)lib/%.c | $(san_dirs)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(SAN_FLAGS) -c $< -o $@

$(OBJ)/unit/libtestudod.a: $(san_objs) $(LIB_OBJS:%=$(OBJ)/unit/lib/%.o)
	$(call say,AR)
	$(Q)rm -f $@
	$(Q)$(AR) qcs $@ $^

# What stands beside a test is linked to those that include its header.
uses = $(if $(shell grep -lE '^.include "($(2))"' $(1)),$(3))
help_of = $(call uses,$(1),world.h|v1_case.h,$(world_objs)) $(call uses,$(1),fake_kernel.h,$(fake_objs)) \
	$(call uses,$(1),v1_case.h,$(case_objs)) $(call uses,$(1),testudoctl.h|decide.h|flow.h,$(tool_objs))
.SECONDEXPANSION:
$(dunit_progs): $(OBJ)/unit/testudod/test_%: $(OBJ)/unit/testudod/help/test_%.o \
		$$(call help_of,$(DUNIT)/test_$$*.c) $(OBJ)/unit/libtestudod.a
	$(call say,LINK)
	$(Q)$(CC) $(SAN) -o $@ $^ $(DAEMON_LIBS) -ledit -lcmocka

unit-testudod: $(dunit_progs)

# libFuzzer: clang compiles the daemon once more, with its own eyes.
dfuzz_progs := $(patsubst $(DUNIT)/fuzz_%.c,$(OBJ)/unit/testudod/fuzz_%,$(wildcard $(DUNIT)/fuzz_*.c))
FUZZ_FLAGS := -O1 -g -std=gnu11 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
fuzz_objs := $(daemon_objs:$(OBJ)/testudod/%.o=$(OBJ)/fuzz/%.o)
fuzz_dirs := $(ROOMS:%=$(OBJ)/fuzz/%) $(OBJ)/fuzz/lib $(OBJ)/fuzz/help

$(fuzz_dirs):
	$(Q)mkdir -p $@

$(OBJ)/fuzz/conf/gram.o $(OBJ)/fuzz/conf/conf.o: $(OBJ)/fuzz/%.o: $(OBJ)/testudod/%.c | $(fuzz_dirs)
	$(call say,CLANG)
	$(Q)$(CLANG) $(CPPFLAGS) $(DAEMON_CPPFLAGS) $(FUZZ_FLAGS) -c $< -o $@

$(OBJ)/fuzz/help/%.o: $(DUNIT)/%.c | $(fuzz_dirs)
	$(call say,CLANG)
	$(Q)$(CLANG) $(CPPFLAGS) $(DAEMON_CPPFLAGS) -I$(DUNIT) $(FUZZ_FLAGS) -c $< -o $@

$(OBJ)/fuzz/lib/%.o: $(HERE)lib/%.c | $(fuzz_dirs)
	$(call say,CLANG)
	$(Q)$(CLANG) $(CPPFLAGS) $(FUZZ_FLAGS) -c $< -o $@

$(OBJ)/fuzz/%.o: $(DAEMON)/%.c | $(fuzz_dirs) $(daemon_gen_h)
	$(call say,CLANG)
	$(Q)$(CLANG) $(CPPFLAGS) $(DAEMON_CPPFLAGS) $(FUZZ_FLAGS) -c $< -o $@

$(OBJ)/fuzz/libtestudod.a: $(fuzz_objs) $(LIB_OBJS:%=$(OBJ)/fuzz/lib/%.o)
	$(call say,AR)
	$(Q)rm -f $@
	$(Q)$(AR) qcs $@ $^

$(dfuzz_progs): $(OBJ)/unit/testudod/fuzz_%: $(OBJ)/fuzz/help/fuzz_%.o \
		$$(patsubst $(OBJ)/unit/testudod/help/%,$(OBJ)/fuzz/help/%,$$(call help_of,$(DUNIT)/fuzz_$$*.c)) \
		$(OBJ)/fuzz/libtestudod.a | $(san_dirs)
	$(call say,LINK)
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^ $(DAEMON_LIBS)

fuzz-testudod: $(dfuzz_progs)

.PHONY: unit-testudod fuzz-testudod
-include $(wildcard $(OBJ)/testudod/*.d $(OBJ)/testudod/*/*.d $(OBJ)/testudoctl/*.d $(OBJ)/unit/testudod/*/*.d)
