"""conf/redis-acl.conf gives the daemon what it needs, and dashboards what they may see."""

import re
import tempfile
from pathlib import Path

from process import ROOT, wait_for
from redis import Redis, ReplyError
from scene import kafka, log, must_show, new_topic
from venturid import Daemon

SEED, EVENTS = 17, 1500
ACL = ROOT / "conf" / "redis-acl.conf"


def password(name):
    return re.search(rf"^user {name} on >(\S+) ", ACL.read_text(), re.M)[1]


def refused(client, *command):
    try:
        client(*command)
    except ReplyError as why:
        return str(why).startswith("NOPERM")
    return False


def test_users():
    """With the rights of conf/redis-acl.conf the daemon publishes every field, a reader reads them, and neither may do more"""
    told, topic = log(SEED, EVENTS), new_topic()
    told.produce(topic)
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "password"
        secret.write_text(password("venturi-writer"))
        login = f'username = "venturi-writer"\npassword_file = "{secret}"'
        with Redis(include=ACL) as redis, Daemon(kafka().address, redis.url, [topic], told.model, redis=login) as daemon:
            daemon.start()
            fields = must_show(redis, told)[0]
            wait_for(lambda: redis("EXISTS", f"venturi:daemon:{daemon.instance}"), "the heartbeat")
            assert "NOPERM" not in daemon.log(), daemon.log()
            client = redis.client()
            client("AUTH", "venturi-reader", password("venturi-reader"))
            assert "acme" in client("SMEMBERS", "venturi:scopes")
            assert client("HGETALL", "venturi:flow:acme:now")
            for command in (("GET", "venturi:state:fence"), ("SET", "venturi:scopes", "x"), ("KEYS", "*"), ("FLUSHALL",)):
                assert refused(client, *command), f"venturi-reader may {' '.join(command)}"
            client("AUTH", "venturi-writer", password("venturi-writer"))
            for command in (("SET", "other", "x"), ("FLUSHALL",), ("KEYS", "*"), ("CONFIG", "SET", "save", "")):
                assert refused(client, *command), f"venturi-writer may {' '.join(command)}"
            client.close()
            return f"{fields} fields"
