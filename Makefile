# Venturi. `make help` says what each target does. Variants live in build folders of their own:
#   make BUILD=build/clang CC=clang WERROR=-Werror
#   make BUILD=build/asan CFLAGS='-O1 -g -fsanitize=address,undefined'
VERSION = 0.1.0

CC         ?= cc
CFLAGS     ?= -O2 -g
BUILD      ?= build
PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
UNITDIR    ?= $(PREFIX)/lib/systemd/system
PYTHON     ?= python3

# What the programs need, by pkg-config's names. It is asked once, and only by what compiles.
PKGS = yyjson rdkafka hiredis libevent libevent_openssl openssl libsystemd
WARN = -Wall -Wextra -Wno-missing-field-initializers -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla
pkg_cflags = $(eval pkg_cflags := $(shell pkg-config --cflags $(PKGS)))$(pkg_cflags)
pkg_libs   = $(eval pkg_libs := $(shell pkg-config --libs $(PKGS)))$(pkg_libs)

CPPFLAGS_ALL = -D_GNU_SOURCE -DVENTURI_VERSION='"$(VERSION)"' -Iinclude -Isrc $(pkg_cflags) $(CPPFLAGS)
CFLAGS_ALL   = -std=c11 $(WARN) $(WERROR) -MMD -MP $(CFLAGS)
LIBS         = $(pkg_libs) -lm

# libventuri.a: floors 1 and 2, pure. libventurid.a: what only the two programs and tests use.
lib_src    = $(wildcard src/core/*.c src/codec/*.c)
daemon_src = $(filter-out src/daemon/main.c,$(wildcard src/io/*.c src/daemon/*.c))
cli_src    = $(wildcard src/cli/*.c)
unit_src   = $(wildcard tests/unit/test_*.c)
fixture_src = $(filter-out $(unit_src),$(wildcard tests/unit/*.c))
tool_src   = $(wildcard tests/tools/*.c)
all_src    = $(lib_src) $(daemon_src) $(wildcard src/daemon/main.c) $(cli_src) $(unit_src) $(fixture_src) $(tool_src)
obj        = $(patsubst %.c,$(BUILD)/%.o,$(1))
libs       = $(BUILD)/libventurid.a $(BUILD)/libventuri.a
programs   = $(BUILD)/venturid $(BUILD)/venturi
unit_bin   = $(patsubst %.c,$(BUILD)/%,$(unit_src))
tool_bin   = $(patsubst %.c,$(BUILD)/%,$(tool_src))

all: $(libs) $(programs)  ## the library, the daemon and the command line, into build/ (the default)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -c -o $@ $<

$(BUILD)/libventuri.a: $(call obj,$(lib_src))
$(BUILD)/libventurid.a: $(call obj,$(daemon_src))
$(BUILD)/%.a:
	@rm -f $@
	$(AR) rcs $@ $^

link = $(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^

$(BUILD)/venturid: $(call obj,src/daemon/main.c) $(libs)
	$(link) $(LIBS)

$(BUILD)/venturi: $(call obj,$(cli_src)) $(libs)
	$(link) $(LIBS)

$(unit_bin): $(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(call obj,$(fixture_src)) $(libs)
	$(link) -lcmocka $(LIBS)

$(tool_bin): $(BUILD)/tests/tools/%: $(BUILD)/tests/tools/%.o $(libs)
	$(link) $(LIBS)

objects: $(call obj,$(all_src))
unit-programs: $(unit_bin)
tools: $(tool_bin)  ## what the tests, the demo and the benchmark feed Kafka with

unit: $(unit_bin)  ## run the unit tests of this build
	@for program in $^; do ./$$program || exit 1; done

demo: setup  ## half a year of four value streams in a minute, then live: watch it in this terminal
	@$(MAKE) -s --no-print-directory all tools
	@$(PYTHON) tests/sim/play.py

check:  ## the quick part of the tests, about a minute
	@$(PYTHON) tests/suites.py --quick

test: setup-tests  ## everything, as CI does it: gcc and clang, sanitizers, valgrind, real Kafka and Redis
	@$(PYTHON) tests/suites.py

bench: setup-tests  ## CPU per event beside a bare consumer's, against a real Kafka
	@$(MAKE) -s --no-print-directory all tools
	@$(PYTHON) tests/bench/run.py $(BENCH)

setup:  ## install what building and the demo need (Debian 12 and 13, with apt)
	@tests/setup.sh build

setup-tests:  ## install what the tests need besides, and fetch Kafka's jars
	@tests/setup.sh tests

format:  ## lay out the sources anew (clang-format)
	clang-format -i $(wildcard src/*/*.[ch] include/venturi/*.h tests/unit/*.[ch] tests/tools/*.[ch])

tidy:  ## ask clang-tidy what it thinks of the sources
	clang-tidy --quiet $(wildcard src/*/*.c) -- $(CPPFLAGS_ALL) -std=c11

man_pages = $(wildcard man/*.[1-8])
units     = $(wildcard systemd/*.service)

install: all  ## into DESTDIR and PREFIX; a configuration that is there is left alone
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include/venturi
	install -m 755 $(programs) $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(BUILD)/libventuri.a $(DESTDIR)$(PREFIX)/lib/
	install -m 644 include/venturi/*.h include/venturi/*.def $(DESTDIR)$(PREFIX)/include/venturi/
	install -d $(DESTDIR)$(SYSCONFDIR)/venturi
	@for file in $(wildcard conf/*.conf); do \
		to=$(DESTDIR)$(SYSCONFDIR)/venturi/$${file##*/}; \
		test -e "$$to" || install -m 644 -v "$$file" "$$to"; \
	done
	@for page in $(man_pages); do \
		install -D -m 644 -v $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; \
	done
	@for unit in $(units); do \
		install -d $(DESTDIR)$(UNITDIR); \
		sed 's|/usr/local/bin/|$(PREFIX)/bin/|g' $$unit >$(DESTDIR)$(UNITDIR)/$${unit##*/}; \
	done

uninstall:  ## take back what install put there, but for the configuration
	rm -f $(DESTDIR)$(PREFIX)/bin/venturid $(DESTDIR)$(PREFIX)/bin/venturi $(DESTDIR)$(PREFIX)/lib/libventuri.a
	rm -rf $(DESTDIR)$(PREFIX)/include/venturi
	@for page in $(man_pages); do rm -f $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done
	@for unit in $(units); do rm -f $(DESTDIR)$(UNITDIR)/$${unit##*/}; done

dist:  ## a source archive of the last commit
	@mkdir -p $(BUILD)
	git archive --prefix=venturi-$(VERSION)/ -o $(BUILD)/venturi-$(VERSION).tar.gz HEAD
	@echo $(BUILD)/venturi-$(VERSION).tar.gz

clean:  ## remove what was built
	rm -rf $(BUILD)

help:  ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## *\(.*\)/\1\t\2/p' Makefile | while IFS="$$(printf '\t')" read -r name what; do \
		printf '  make %-12s %s\n' "$$name" "$$what"; \
	done
	@echo '  Variables: BUILD, CC, CFLAGS, LDFLAGS, WERROR, PREFIX, SYSCONFDIR, UNITDIR, DESTDIR'

.PHONY: all objects unit-programs tools unit demo check test bench setup setup-tests format tidy \
	install uninstall dist clean help
.SECONDARY:
-include $(patsubst %.o,%.d,$(call obj,$(all_src)))
