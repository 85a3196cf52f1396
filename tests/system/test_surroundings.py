"""Bad surroundings get a clear message, and nothing is lost: when they mend, every number is right."""

import contextlib
import tempfile
from pathlib import Path

from process import free_ports, wait_for
from redis import Redis
from scene import kafka, log, must_show, new_topic
from venturid import VENTURID, Daemon, create_topic, run

SEED, EVENTS = 11, 1500


def told():
    return log(SEED, EVENTS)


@contextlib.contextmanager
def scene(redis, /, topic=None, produced=True, **options):
    """A daemon that is not started yet, and a topic that holds the log."""
    topic = topic or new_topic()
    if produced:
        told().produce(topic)
    with Daemon(kafka().address, redis.url, [topic], told().model, **options) as daemon:
        yield daemon, topic


def start_again_if_it_ended(daemon):
    """Some surroundings are refused by ending with a status that says so; a service manager would start it again."""
    if daemon.child.poll() is not None:
        assert daemon.child.returncode in (69, 75, 77, 78), f"exit status {daemon.child.returncode}"
        daemon.start()


def test_no_kafka():
    """No Kafka: it says so, is not ready, and goes on once Kafka is there"""
    with Redis() as redis, scene(redis) as (daemon, _topic):
        kafka().stop()
        try:
            daemon.start(wait=False)
            daemon.wait_log(r"kafka")
            assert not daemon.is_ready()
        finally:
            kafka().start()
        return f"{must_show(redis, told())[0]} fields"


def test_no_redis():
    """No Redis: it says so, is not ready, and goes on once Redis is there"""
    with Redis() as redis, scene(redis) as (daemon, _topic):
        redis.kill()
        daemon.start(wait=False)
        daemon.wait_log(r"redis")
        assert not daemon.is_ready()
        redis.start()
        return f"{must_show(redis, told())[0]} fields"


def test_redis_goes_away():
    """Redis goes away in between: what came meanwhile is published once it is back"""
    with Redis() as redis, scene(redis, produced=False) as (daemon, topic):
        half = len(told().lines) // 2
        told().produce(topic, told().lines[:half])
        daemon.start()
        redis.kill()
        told().produce(topic, told().lines[half:])
        daemon.wait_log(r"redis")
        redis.start()
        return f"{must_show(redis, told())[0]} fields"


def test_wrong_password():
    """A wrong password: it says so, and goes on once Redis takes it"""
    with Redis(requirepass="right") as redis, tempfile.NamedTemporaryFile("w") as file:
        file.write("wrong\n")
        file.flush()
        with scene(redis, redis=f'password_file = "{file.name}"') as (daemon, _topic):
            daemon.start(wait=False)
            line = daemon.wait_log(r"WRONGPASS|NOAUTH|password")
            assert "wrong" not in line.replace("WRONGPASS", "").lower().split("password")[-1] or "invalid" in line.lower()
            redis("CONFIG", "SET", "requirepass", "wrong")
            redis.settings["requirepass"] = "wrong"
            wait_for(lambda: daemon.child.poll() is not None or daemon.is_ready(), "venturid to log in or to end")
            start_again_if_it_ended(daemon)
            return f"{must_show(redis, told())[0]} fields"


def test_no_password():
    """A Redis that wants a password, and none configured: it says so"""
    with Redis(requirepass="right") as redis, scene(redis) as (daemon, _topic):
        daemon.start(wait=False)
        daemon.wait_log(r"NOAUTH|password|authenticat")
        assert daemon.child.poll() is not None or not daemon.is_ready()


def test_read_only_replica():
    """A read-only replica is refused with a message, and used once it is a master"""
    port, = free_ports(1)
    with Redis(port=port, bind="127.0.0.1") as master, Redis(replicaof=f"127.0.0.1 {port}") as replica:
        with scene(replica) as (daemon, _topic):
            daemon.start(wait=False)
            daemon.wait_log(r"replica|READONLY")
            assert master("DBSIZE") == 0
            replica("REPLICAOF", "NO", "ONE")
            wait_for(lambda: daemon.child.poll() is not None or daemon.is_ready(), "venturid to go on or to end")
            start_again_if_it_ended(daemon)
            return f"{must_show(replica, told())[0]} fields"


def test_evicting():
    """A Redis that may evict keys is refused with a message, and used once it may not"""
    with Redis(maxmemory_policy="allkeys-lru", maxmemory="100mb") as redis, scene(redis) as (daemon, _topic):
        daemon.start(wait=False)
        daemon.wait_log(r"noeviction|maxmemory-policy")
        assert redis("DBSIZE") == 0
        redis("CONFIG", "SET", "maxmemory-policy", "noeviction")
        wait_for(lambda: daemon.child.poll() is not None or daemon.is_ready(), "venturid to go on or to end")
        start_again_if_it_ended(daemon)
        return f"{must_show(redis, told())[0]} fields"


def test_unknown_key():
    """Unknown keys of the configuration: all are told at once, with file and line, and the status is 78"""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "venturid.conf"
        path.write_text('portfolio = "acme"\nno_such_key = 1\nkafka {\n  topicz = {"t"}\n}\n')
        said = run(VENTURID, "-c", path, status=78) + run(VENTURID, "-t", "-c", path, status=78)
    for place in ("venturid.conf:2", "venturid.conf:4"):
        assert said.count(place) >= 2, f"{place} is not in: {said}"
    assert "no_such_key" in said and "topicz" in said


def test_topic_that_is_not():
    """A topic that does not exist is told of, and read from its beginning once it does"""
    with Redis() as redis:
        topic = "comes-later"
        with scene(redis, topic, produced=False) as (daemon, _topic):
            daemon.start(wait=False)
            daemon.wait_log(topic)
            create_topic(kafka().address, topic, 2)
            told().produce(topic)
            return f"{must_show(redis, told())[0]} fields"


def test_partition_added():
    """A partition that is added later is read from its beginning"""
    with Redis() as redis, scene(redis, produced=False) as (daemon, topic):
        half = len(told().lines) // 2
        told().produce(topic, told().lines[:half])
        daemon.start()
        run(*feed_command("topic", "grow", topic, 2))
        told().produce(topic, told().lines[half:], "--partition", "1", "--partitions", "2")
        return f"{must_show(redis, told())[0]} fields"


def feed_command(verb, *arguments):
    from venturid import FEED
    return FEED, verb, "-b", kafka().address, *arguments


def test_public_key_of_another_type():
    """Public keys of another type are replaced, before the start and under its hands"""
    with Redis() as redis, scene(redis, produced=False) as (daemon, topic):
        half = len(told().lines) // 2
        told().produce(topic, told().lines[:half])
        keys = ["venturi:flow:acme:30d", "venturi:hist:acme:week", "venturi:cfd:acme", "venturi:scopes", "venturi:metrics", "venturi:tables"]
        for key in keys:
            redis("SET", key, "mine")
        daemon.start()
        wait_for(lambda: redis("TYPE", "venturi:flow:acme:30d") == "hash", "the hash to be published")
        for key in keys[:3]:
            redis("DEL", key)
            redis("SET", key, "mine")
        told().produce(topic, told().lines[half:])
        compared = must_show(redis, told())[0]
        types = {key: redis("TYPE", key) for key in keys}
        assert set(types.values()) == {"hash", "stream", "set"}, types
        return f"{compared} fields"


def state_log(redis):
    return wait_for(lambda: redis("KEYS", "venturi:state:log:*"), "a log in Redis")


def test_state_key_of_another_type():
    """A key of the state of another type under its hands: the facts are restored from memory, and a restart has them"""
    with Redis() as redis, scene(redis, produced=False) as (daemon, topic):
        half = len(told().lines) // 2
        told().produce(topic, told().lines[:half])
        daemon.start()
        for key in state_log(redis):
            redis("DEL", key)
            redis("SET", key, "mine")
        told().produce(topic, told().lines[half:])
        must_show(redis, told())
        daemon.stop()
        daemon.start()
        return f"{must_show(redis, told())[0]} fields"


def test_fence_of_another_type():
    """A fence of another type is told of and not overwritten; once it is gone the daemon goes on"""
    with Redis() as redis, scene(redis) as (daemon, _topic):
        redis("RPUSH", "venturi:state:fence", "mine")
        daemon.start(wait=False)
        daemon.wait_log(r"fence|WRONGTYPE")
        assert redis("LRANGE", "venturi:state:fence", 0, -1) == ["mine"]
        redis("DEL", "venturi:state:fence")
        wait_for(lambda: daemon.child.poll() is not None or daemon.is_ready(), "venturid to go on or to end")
        start_again_if_it_ended(daemon)
        return f"{must_show(redis, told())[0]} fields"


def test_wiped():
    """A Redis that was wiped is restored from memory, and a restart has all facts"""
    with Redis() as redis, scene(redis) as (daemon, topic):
        daemon.start()
        must_show(redis, told())
        redis("FLUSHALL")
        daemon.wait_log(r"restor")
        must_show(redis, told())
        # The log in Kafka is gone too: what is shown after a restart comes from Redis alone.
        daemon.stop()
        run(*feed_command("topic", "delete", topic))
        daemon.start(wait=False)
        return f"{must_show(redis, told())[0]} fields"
