# Venturi. `make help` says what each target does.
CC      ?= cc
CFLAGS  ?= -O2 -g
BUILD   ?= build
PREFIX  ?= /usr/local
WARN     = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla $(WERROR)
PKGS     = yyjson rdkafka hiredis libevent libevent_openssl openssl libconfuse libsystemd
CPPFLAGS_ALL = -D_GNU_SOURCE -Iinclude -Isrc $(shell pkg-config --cflags $(PKGS)) $(CPPFLAGS)
CFLAGS_ALL   = -std=c11 $(WARN) -MMD -MP $(CFLAGS)
LIBS     = $(shell pkg-config --libs $(PKGS)) -lm

lib_src    = $(wildcard src/core/*.c src/codec/*.c)
io_src     = $(wildcard src/io/*.c)
config_src = $(wildcard src/daemon/config*.c src/daemon/option*.c)
daemon_src = $(filter-out $(config_src),$(wildcard src/daemon/*.c))
cli_src    = $(wildcard src/cli/*.c)
unit_src   = $(wildcard tests/unit/test_*.c)
obj        = $(patsubst %.c,$(BUILD)/%.o,$(1))

.PHONY: all clean check unit
all: $(BUILD)/libventuri.a $(BUILD)/venturid $(BUILD)/venturi

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -c -o $@ $<

$(BUILD)/libventuri.a: $(call obj,$(lib_src))
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/venturid: $(call obj,$(daemon_src) $(config_src) $(io_src)) $(BUILD)/libventuri.a
	$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/venturi: $(call obj,$(cli_src) $(config_src)) $(BUILD)/libventuri.a
	$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libventuri.a
	$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS)

unit: $(patsubst %.c,$(BUILD)/%,$(unit_src))
	@for t in $^; do ./$$t || exit 1; done

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
