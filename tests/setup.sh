#!/bin/sh
# Installs what is missing, with apt: `setup.sh build` what building and the demo need,
# `setup.sh tests` what the tests need besides. Says what it does; does nothing where nothing is missing.
# Exit status 69 where it cannot help.
set -eu

unavailable=69
here=$(cd "$(dirname "$0")" && pwd)

say() { echo "setup: $*"; }
give_up() { echo "setup: $*" >&2; exit "$unavailable"; }

# What each need is called: by pkg-config, or as a command.
libraries='yyjson rdkafka hiredis libevent libevent_openssl openssl libsystemd libxxhash'
build_commands='cc make pkg-config redis-server python3'
tests_commands='clang valgrind java mvn kcat'

missing_needs() {
	for need in $1; do command -v "$need" >/dev/null || echo "$need"; done
	command -v pkg-config >/dev/null || { echo "$2"; return; }
	for need in $2; do pkg-config --exists "$need" || echo "$need"; done
	test -e /usr/share/zoneinfo/Europe/Berlin || echo tzdata
}

# A need's package in Debian $2.
package_of() {
	case $1 in
	cc) echo gcc libc6-dev ;;
	rdkafka) echo librdkafka-dev ;;
	libevent_openssl) echo libevent-dev ;;
	openssl) echo libssl-dev ;;
	libxxhash) echo libxxhash-dev ;;
	cmocka) echo libcmocka-dev ;;
	java) if [ "$2" = 12 ]; then echo openjdk-17-jre-headless; else echo openjdk-21-jre-headless; fi ;;
	mvn) echo maven ;;
	yyjson | hiredis) echo "lib${1#lib}-dev" ;;
	libevent | libsystemd) echo "$1-dev" ;;
	*) echo "$1" ;;
	esac
}

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt_install() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$work/apt.log" 2>&1 || {
		tail -n 20 "$work/apt.log" >&2
		give_up "apt-get could not install: $*"
	}
}

# Debian 12 has no yyjson: Debian 13's packages need only libc. Taken by apt, signature and all, from
# this machine's own mirror, with lists of its own, so that nothing else can come from there.
install_yyjson_from_13() {
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Codename: bookworm' 'Component: main' | head -n 1)
	test -n "$mirror" || give_up "no mirror of Debian 12 is configured; yyjson has to be installed by hand"
	say "yyjson from Debian 13's packages, by way of $mirror"
	keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	echo "deb [signed-by=$keyring] $mirror trixie main" >"$work/trixie.list"
	mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
	private="-o Dir::Etc::SourceList=$work/trixie.list -o Dir::Etc::SourceParts=/dev/null
		-o Dir::State::Lists=$work/lists -o Dir::Cache=$work/cache -o APT::Sandbox::User=root"
	# shellcheck disable=SC2086
	(cd "$work" && apt-get $private update -qq && apt-get $private download -qq libyyjson0 libyyjson-dev) ||
		give_up "Debian 13's libyyjson-dev is not to be had from $mirror"
	apt_install "$work"/libyyjson*.deb
}

# A package's service is not for us: the demo and the tests start servers of their own.
hold_services() {
	test -e /usr/sbin/policy-rc.d && return
	printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
	as_root chmod 755 /usr/sbin/policy-rc.d
	held_services=yes
}

clean_up() {
	test -z "${held_services:-}" || as_root rm -f /usr/sbin/policy-rc.d
	test -z "${work:-}" || rm -rf "$work"
	held_services= work=
}

debian_version() {
	test -r /etc/os-release && . /etc/os-release
	case ${ID:-}-${VERSION_ID:-} in
	debian-12 | debian-13) echo "$VERSION_ID" ;;
	esac
}

install_needs() {
	version=$(debian_version)
	test -n "$version" && command -v apt-get >/dev/null || give_up "this is neither Debian 12 nor 13: please install by hand
  what is missing: $(echo $1)
  (libraries by their pkg-config names, with their headers; the rest are commands)"
	test "$(id -u)" = 0 || command -v sudo >/dev/null || give_up "missing: $(echo $1); run this as root, or install sudo"
	work=$(mktemp -d)
	trap clean_up EXIT
	trap 'exit 130' INT TERM
	had_redis=$(command -v redis-server || true)
	packages=
	for need in $1; do
		if [ "$need-$version" = yyjson-12 ]; then yyjson_from_13=yes; else packages="$packages $(package_of "$need" "$version")"; fi
	done
	hold_services
	say "apt-get update"
	as_root apt-get update -qq >"$work/apt.log" 2>&1 || say "some package lists could not be fetched; going on with the others"
	packages=$(echo "$packages" | tr ' ' '\n' | sort -u | xargs)
	if [ -n "$packages" ]; then
		say "apt-get install $packages"
		# shellcheck disable=SC2086
		apt_install $packages
	fi
	test -z "${yyjson_from_13:-}" || install_yyjson_from_13
	if [ -z "$had_redis" ] && command -v systemctl >/dev/null; then
		as_root systemctl disable -q redis-server 2>/dev/null && say "the service redis-server was installed, and is left stopped and disabled"
	fi
	return 0
}

commands=$build_commands
case ${1:-build} in
build) ;;
tests)
	commands="$commands $tests_commands"
	libraries="$libraries cmocka"
	;;
*) echo "usage: setup.sh [build|tests]" >&2; exit 64 ;;
esac

missing=$(missing_needs "$commands" "$libraries")
if [ -n "$missing" ]; then
	say "missing: $(echo $missing)"
	install_needs "$missing"
	still=$(missing_needs "$commands" "$libraries")
	test -z "$still" || give_up "still missing: $(echo $still)"
	clean_up
	say "done"
fi
test "${1:-build}" != tests || exec python3 "$here/system/kafka.py" fetch
