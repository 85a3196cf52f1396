"""The daemon as a service: signals, exit statuses, health, and the service manager's socket."""

import contextlib
import os
import re
import signal
import socket
import tempfile
import time
from pathlib import Path

from process import wait_for
from redis import Redis
from scene import kafka, log, must_show, new_topic
from venturid import VENTURI, VENTURID, Daemon, run

SEED, EVENTS = 11, 1500
MODEL = 'portfolio = "acme"\nproduct "intake" { projects = {"CLM"} }\n'


@contextlib.contextmanager
def running(model=MODEL, topic=None, **options):
    with Redis() as redis, Daemon(kafka().address, redis.url, [topic or new_topic()], model, **options) as daemon:
        yield redis, daemon


def test_sigterm():
    """SIGTERM ends it well, with status 0, and what it folded is in Redis"""
    told, topic = log(SEED, EVENTS), new_topic()
    told.produce(topic)
    with running(told.model, topic) as (redis, daemon):
        daemon.start()
        must_show(redis, told)
        daemon.stop()
        must_show(redis, told, 1)


def test_sigterm_without_surroundings():
    """SIGTERM ends it well, with status 0, while there is no Redis and no Kafka"""
    with running() as (redis, daemon):
        redis.kill()
        daemon.write_config(librdkafka='librdkafka { bootstrap.servers = "127.0.0.1:1" }')
        daemon.start(wait=False)
        daemon.wait_log(r"redis")
        daemon.stop()


def test_sigint():
    """Ctrl-C does what SIGTERM does"""
    with running() as (_redis, daemon):
        daemon.start()
        daemon.child.send_signal(signal.SIGINT)
        assert daemon.wait_end() == 0


def test_check():
    """-t exits with 0 for a good configuration and with 78 for a bad one"""
    with running() as (_redis, daemon):
        run(VENTURID, "-t", "-c", daemon.config)
        daemon.write_config(model='portfolio = "acme"\ntimezone = "Europe/Atlantis"\n')
        said = run(VENTURID, "-t", "-c", daemon.config, status=78)
        assert "Atlantis" in said and "venturid.conf:" in said, said


def test_check_from_environment():
    """A scalar can be overridden from the environment, and is checked all the same"""
    with running() as (_redis, daemon):
        run(VENTURID, "-t", "-c", daemon.config, environment=os.environ | {"VENTURI_TIMEZONE": "Europe/Berlin"})
        said = run(VENTURID, "-t", "-c", daemon.config, status=78, environment=os.environ | {"VENTURI_TIMEZONE": "Europe/Atlantis"})
        assert "Atlantis" in said, said


def test_usage():
    """Wrong usage exits with 64, --help with 0"""
    for program in (VENTURID, VENTURI):
        run(program, "--no-such-option", status=64)
        assert run(program, "--help")
    run(VENTURI, "no-such-command", status=64)
    run(VENTURI, status=64)


def test_missing_file():
    """A configuration that is not there is named"""
    said = run(VENTURID, "-t", "-c", "/nonexistent/venturid.conf", status=78)
    assert "/nonexistent/venturid.conf" in said


def test_reserved_property():
    """A librdkafka property that correctness rests on is refused with a reason"""
    with running(librdkafka='  enable.auto.commit = "true"') as (_redis, daemon):
        said = run(VENTURID, "-t", "-c", daemon.config, status=78)
        assert "enable.auto.commit" in said, said


def test_sighup():
    """SIGHUP swaps in a changed configuration: the numbers are those of the new one"""
    told, topic = log(SEED, EVENTS), new_topic()
    told.produce(topic)
    changed = re.sub(r'(settle +=) "\w+"', r'\1 "20d"', told.model)
    changed = re.sub(r'(portfolio +=) "acme"', r'\1 "umbrella"', changed)
    assert "umbrella" in changed
    with running(told.model, topic) as (redis, daemon):
        daemon.start()
        must_show(redis, told)
        daemon.write_config(model=changed)
        daemon.child.send_signal(signal.SIGHUP)
        with Changed(told, changed) as again:
            compared = must_show(redis, again)[0]
        assert not redis("EXISTS", "venturi:flow:acme:30d"), "keys of scopes that are no more are unlinked"
        daemon.stop()
    return f"{compared} fields"


class Changed:
    """The same log under another configuration."""

    def __init__(self, told, model):
        from venturid import replay
        self.folder = tempfile.TemporaryDirectory()
        config = Path(self.folder.name) / "changed.conf"
        config.write_text(model)
        self.replayed = self.reckoned = replay(config, told.path, records=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()


def test_sighup_bad():
    """SIGHUP with a bad configuration: the old one stays, and the log says why"""
    told, topic = log(SEED, EVENTS), new_topic()
    told.produce(topic)
    with running(told.model, topic) as (redis, daemon):
        daemon.start()
        must_show(redis, told)
        daemon.write_config(model='portfolio = "acme"\nnonsense = 1\n')
        daemon.child.send_signal(signal.SIGHUP)
        daemon.wait_log(r"nonsense")
        assert daemon.is_ready()
        must_show(redis, told)
        daemon.stop()


def test_health():
    """/healthz answers while it lives, /readyz only once it has its partitions and Redis"""
    with running() as (redis, daemon):
        redis.kill()
        daemon.start(wait=False)
        wait_for(lambda: daemon.get("/healthz")[0] == 200, "/healthz")
        assert daemon.get("/readyz")[0] == 503
        redis.start()
        daemon.wait_ready()
        assert daemon.get("/no-such-page")[0] == 404
        redis.kill()
        wait_for(lambda: daemon.get("/readyz")[0] == 503, "/readyz to notice that Redis is gone")
        assert daemon.get("/healthz")[0] == 200


def test_standby():
    """A second daemon stands by, and takes over when the first is killed"""
    told, topic = log(SEED, EVENTS), new_topic()
    half = len(told.lines) // 2
    told.produce(topic, told.lines[:half])
    with Redis() as redis, Daemon(kafka().address, redis.url, [topic], told.model, instance="first") as first, \
            Daemon(kafka().address, redis.url, [topic], told.model, instance="second") as second:
        role = lambda daemon: redis("HGET", f"venturi:daemon:{daemon.instance}", "role")
        first.start()
        second.start(wait=False)
        wait_for(lambda: role(second) == "standby", "the second to stand by")
        assert role(first) == "active"
        told.produce(topic, told.lines[half:])
        first.kill()
        wait_for(lambda: role(second) == "active", "the second to take over")
        return f"{must_show(redis, told)[0]} fields"


class NotifySocket:
    """What a service manager would hear."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.setblocking(False)
        self.heard = []

    def has(self, word):
        with contextlib.suppress(BlockingIOError):
            while True:
                self.heard += [(time.monotonic(), line) for line in self.socket.recv(4096).decode().splitlines()]
        return [moment for moment, line in self.heard if line == word]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.folder.cleanup()


def test_service_manager():
    """READY=1 comes once it has its partitions, WATCHDOG=1 in time, STOPPING=1 at the end"""
    with NotifySocket() as notify:
        environment = os.environ | {"NOTIFY_SOCKET": str(notify.path), "WATCHDOG_USEC": "1000000"}
        with running(environment=environment) as (redis, daemon):
            redis.kill()
            daemon.start(wait=False)
            daemon.wait_log(r"redis")
            assert not notify.has("READY=1"), "ready without Redis"
            redis.start()
            wait_for(lambda: notify.has("READY=1"), "READY=1")
            assert daemon.is_ready()
            wait_for(lambda: len(notify.has("WATCHDOG=1")) >= 4, "WATCHDOG=1, four times")
            pats = notify.has("WATCHDOG=1")
            assert max(b - a for a, b in zip(pats, pats[1:])) < 1.0, f"the watchdog would have bitten: {pats}"
            daemon.child.send_signal(signal.SIGHUP)
            daemon.stop()
            assert notify.has("STOPPING=1"), notify.heard
