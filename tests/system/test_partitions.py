"""A partition whose log is not the one that was read stops, with a message; the others go on."""

import json
import signal

from process import wait_for
from redis import Redis
from scene import kafka, new_topic
from venturid import Daemon, create_topic, feed, produce

MODEL = 'portfolio = "acme"\nclock = "event"\nproduct "intake" { projects = {"CLM"} }\n'
NOON = 1772712000000


def event(number, item="CLM-1", to="Doing"):
    return f"{NOON}\t" + json.dumps({"venturi": 1, "id": f"e{number}", "source": "s", "kind": "item.state", "time": NOON + number,
                                     "item": item, "to": to})


def wip(redis):
    return redis("HGET", "venturi:flow:acme/intake:now", "wip_items")


def test_created_anew():
    """A topic that was deleted and created anew is not read on from the old offset; another topic is"""
    topic, other = new_topic(), new_topic()
    with Redis() as redis, Daemon(kafka().address, redis.url, [topic, other], MODEL) as daemon:
        produce(kafka().address, topic, [event(i, f"CLM-{i}") for i in range(10)], "--records")
        daemon.start()
        wait_for(lambda: wip(redis) == "10", "ten items")
        daemon.stop()
        feed("topic", kafka().address, "delete", topic)
        create_topic(kafka().address, topic)
        produce(kafka().address, topic, [event(i, f"CLM-{i}") for i in range(100, 130)], "--records")
        produce(kafka().address, other, [event(1, "CLM-77")], "--records")
        daemon.start()
        line = daemon.wait_log("partition_stopped")
        assert f"{topic}:0" in line and "created anew" in line, line
        wait_for(lambda: wip(redis) == "11", "the other topic's item")
        client = redis.client()

        def told():
            """The heartbeat is written each second: it may be older than the item."""
            beats = client.hgetall(f"venturi:daemon:{daemon.instance}")
            return beats.get("partitions_stopped") == "1" and beats.get("accepted") == "1"
        wait_for(told, "the heartbeat to tell of both topics")
        assert "1 stopped" in daemon.get("/readyz")[1]


def test_shorter_now():
    """A topic that ends before the stored offset is told of"""
    topic = new_topic()
    with Redis() as redis, Daemon(kafka().address, redis.url, [topic], MODEL) as daemon:
        produce(kafka().address, topic, [event(i, f"CLM-{i}") for i in range(10)], "--records")
        daemon.start()
        wait_for(lambda: wip(redis) == "10", "ten items")
        daemon.stop()
        feed("topic", kafka().address, "delete", topic)
        create_topic(kafka().address, topic)
        daemon.start()
        assert f"{topic}:0" in daemon.wait_log("partition_stopped")


def test_committed():
    """Offsets are committed under the group, for lag tools, once Redis has the facts"""
    topic = new_topic(2)
    with Redis() as redis, Daemon(kafka().address, redis.url, [topic], MODEL) as daemon:
        produce(kafka().address, topic, [event(i, f"CLM-{i}") for i in range(10)], "--records", "--partitions", "2")
        daemon.start()

        def committed():
            told = feed("offsets", kafka().address, "--group", "venturi-test", topic)
            return [line.split()[3] for line in told.splitlines()] == ["5", "5"]
        wait_for(committed, "the commits", interval=0.5)


def test_second_sigterm():
    """A second SIGTERM ends it at once, where the first waits for a Redis that does not answer"""
    with Redis() as redis, Daemon(kafka().address, redis.url, [new_topic()], MODEL) as daemon:
        daemon.start()
        redis.child.send_signal(signal.SIGSTOP)
        try:
            daemon.child.terminate()
            daemon.wait_log("event=stopping")
            daemon.child.terminate()
            assert daemon.wait_end(2) != 0
        finally:
            redis.child.send_signal(signal.SIGCONT)
