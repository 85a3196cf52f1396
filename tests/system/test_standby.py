"""Two daemons with one prefix: one is active, and whichever it is, the numbers are those of the log."""

import contextlib
import signal

from process import wait_for
from redis import Redis
from scene import kafka, log, must_show, new_topic
from venturid import Daemon

SEED, EVENTS = 13, 3000


def thirds(told):
    size = len(told.lines) // 3 + 1
    return [told.lines[i:i + size] for i in range(0, len(told.lines), size)]


@contextlib.contextmanager
def pair(redis, topic):
    """The first one is active, the second stands by."""
    model = log(SEED, EVENTS).model
    with Daemon(kafka().address, redis.url, [topic], model, instance="first") as first, \
            Daemon(kafka().address, redis.url, [topic], model, instance="second") as second:
        first.start()
        wait_role(redis, first, "active")
        second.start(wait=False)
        wait_role(redis, second, "standby")
        yield first, second


def wait_role(redis, daemon, role):
    wait_for(lambda: redis("HGET", f"venturi:daemon:{daemon.instance}", "role") == role, f"{daemon.instance} to be {role}")


def epoch(redis):
    return int(redis("GET", "venturi:state:fence").split(":")[0])


def test_standby_takes_over():
    """A standby takes over from one that was killed, with all its facts"""
    told, topic = log(SEED, EVENTS), new_topic(2)
    with Redis() as redis, pair(redis, topic) as (first, second):
        before, *after = thirds(told)
        told.produce(topic, before, "--partitions", "2")
        first.kill()
        for lines in after:
            told.produce(topic, lines, "--partitions", "2")
        wait_role(redis, second, "active")
        return f"{must_show(redis, told)[0]} fields"


def test_zombie():
    """One that was stopped for long comes back as a zombie: it is refused, stands by, and takes over in its turn"""
    told, topic = log(SEED, EVENTS), new_topic(2)
    with Redis() as redis, pair(redis, topic) as (first, second):
        parts = thirds(told)
        told.produce(topic, parts[0], "--partitions", "2")
        first.child.send_signal(signal.SIGSTOP)
        told.produce(topic, parts[1], "--partitions", "2")
        wait_role(redis, second, "active")
        taken = epoch(redis)
        first.child.send_signal(signal.SIGCONT)
        told.produce(topic, parts[2], "--partitions", "2")
        first.wait_log("event=deposed")
        wait_role(redis, first, "standby")
        must_show(redis, told)
        assert epoch(redis) == taken, "the zombie has written the fence"
        second.stop()
        wait_role(redis, first, "active")
        return f"{must_show(redis, told)[0]} fields"


def test_wiped_with_a_standby():
    """Redis is wiped while a standby watches: the one that has the facts stays, or takes it back, and restores them"""
    told, topic = log(SEED, EVENTS), new_topic(2)
    with Redis() as redis, pair(redis, topic) as (first, _second):
        told.produce(topic, told.lines, "--partitions", "2")
        must_show(redis, told)
        redis("FLUSHALL")
        first.wait_log("event=active .*restored=1")
        fields = must_show(redis, told)[0]
        wait_role(redis, first, "active")
        return f"{fields} fields"
