"""What is not accepted goes to the dead-letter topic as it came, with the reason."""

import json
import time

from process import wait_for
from redis import Redis
from scene import kafka, new_topic
from venturid import FEED, Daemon, consume, create_topic, feed, produce, run

MODEL = 'portfolio = "acme"\nclock = "event"\nproduct "intake" { projects = {"CLM"} }\n'
HOUR = 3600_000


def event(number, time_ms, **fields):
    return json.dumps({"venturi": 1, "id": f"e{number}", "source": "s", "kind": "item.state", "time": time_ms, "item": "CLM-1",
                       "to": "Doing"} | fields)


def letters_of(topic, count):
    """Waits for so many; returns all there are then, by value."""
    def enough():
        return sum(int(line.split()[2]) for line in feed("offsets", kafka().address, topic).splitlines()) >= count
    wait_for(enough, f"{count} dead letters", interval=0.1)
    return consume(kafka().address, topic)


def handled(redis, daemon, count):
    """Waits until the daemon has seen so many records."""
    def done():
        beats = redis.client().hgetall(f"venturi:daemon:{daemon.instance}")
        return sum(int(float(value)) for name, value in beats.items() if name == "accepted" or name.startswith("rejected_")) >= count
    wait_for(done, f"{count} records in the heartbeat")


def test_as_it_came():
    """Key, value, headers and timestamp are the record's own; the reason and where it was are told in headers"""
    now = int(time.time() * 1000)
    topic, dead = new_topic(), new_topic()
    bad = {
        "malformed": '{"venturi":1, broken',
        "unknown_type": event(2, now, kind="item.exploded"),
        "no_time": event(3, "yesterday"),
        "no_subject": event(4, now, item=""),
        "future": event(5, now + 3 * HOUR),
        "too_late": event(6, now - 200 * 24 * HOUR),
    }
    kept = [event(7, now), event(7, now), event(7, now, to="Done"), json.dumps({
        "context": {"version": "0.4.1", "id": "p1", "source": "ci", "type": "dev.cdevents.pipelinerun.started.0.2.0",
                    "timestamp": "2026-03-02T09:30:00Z"}, "subject": {"id": "run", "content": {}}})]
    with Redis() as redis, Daemon(kafka().address, redis.url, [topic], MODEL, dead_letters=dead) as daemon:
        for line in [*bad.values(), *kept]:
            produce(kafka().address, topic, [f"{now}\t{line}"], "--records", "--key", "the key", "--header", "origin=tracker",
                    "--header", "trace=0a1b")
        daemon.start()
        letters = {letter["value"]: letter for letter in letters_of(dead, len(bad))}
        handled(redis, daemon, len(bad) + len(kept))
        assert len(consume(kafka().address, dead)) == len(bad), "good, double or unused events are no dead letters"
        for offset, (reason, value) in enumerate(bad.items()):
            letter = letters[value]
            headers = letter["headers"]
            assert letter["key"] == "the key" and letter["timestamp"] == now, letter
            assert headers["origin"] == "tracker" and headers["trace"] == "0a1b", headers
            assert headers["venturi.error.code"] == reason, (reason, headers)
            assert headers["__connect.errors.topic"] == topic, headers
            assert headers["__connect.errors.partition"] == "0" and headers["__connect.errors.offset"] == str(offset), headers
            assert headers["__connect.errors.exception.message"], headers
    return f"{len(bad)} reasons"


def test_waits_for_the_topic():
    """A dead-letter topic that is not there yet holds the offset back: a letter is not lost by kill -9"""
    topic, dead = new_topic(), "dead-comes-later"
    lines = [f'{{"broken {i}' for i in range(20)]
    with Redis() as redis, Daemon(kafka().address, redis.url, [topic], MODEL, dead_letters=dead) as daemon:
        produce(kafka().address, topic, lines)
        daemon.start()
        handled(redis, daemon, 1)
        daemon.kill()
        create_topic(kafka().address, dead)
        daemon.start()
        letters = letters_of(dead, len(lines))
        assert {letter["value"] for letter in letters} == set(lines)
    return f"{len(lines)} letters"


def test_never_consumed():
    """The dead-letter topic is never read, even where the topics' pattern matches it"""
    topic = "pattern-events"
    dead = topic + ".dlq"
    create_topic(kafka().address, topic)
    create_topic(kafka().address, dead)
    with Redis() as redis, Daemon(kafka().address, redis.url, ["^pattern-.*"], MODEL, dead_letters=dead) as daemon:
        produce(kafka().address, topic, ['{"broken'])
        daemon.start()
        letters_of(dead, 1)
        produce(kafka().address, topic, ['{"broken too'])
        letters_of(dead, 2)
        handled(redis, daemon, 2)
        assert len(consume(kafka().address, dead)) == 2
        assert int(redis.client().hgetall(f"venturi:daemon:{daemon.instance}")["rejected_malformed"]) == 2


def test_none():
    """Without a dead-letter topic bad records are counted, and stop nothing"""
    topic = new_topic()
    now = int(time.time() * 1000)
    with Redis() as redis, Daemon(kafka().address, redis.url, [topic], MODEL) as daemon:
        run(FEED, "produce", "-b", kafka().address, "-t", topic, text='{"broken\n' + event(1, now) + "\n")
        daemon.start()
        handled(redis, daemon, 2)
        wait_for(lambda: redis("HGET", "venturi:flow:acme/intake:now", "wip_items") == "1", "the good event to be published")
