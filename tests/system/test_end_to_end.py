"""A hundred thousand events through a real Kafka into a real Redis, and every field that comes out."""

import json

from redis import Redis
from scene import SCALE, kafka, log, must_show, new_topic, number, published
from venturid import Daemon

SEED = 3
EVENTS = int(94000 * SCALE)     # the generator adds late, double and broken ones: about 100,000 records

HIST_WINDOWS = {"week": "last_week", "month": "last_month", "quarter": "last_quarter"}


def test_every_field():
    """Every public field equals replay's to the last digit, and the oracle's within what is promised"""
    told = log(SEED, EVENTS)
    topic = new_topic(3)
    told.produce(topic, None, "--partitions", "3")
    with Redis() as redis, Daemon(kafka().address, redis.url, [topic], told.model) as daemon:
        daemon.start()
        by_replay, by_oracle = must_show(redis, told, 180)
        check_rejections(redis, daemon, told)
        rows = check_tables(redis)
        daemon.stop()
        must_show(redis, told, 1)       # what it leaves behind
    return f"{len(told.lines)} records, {by_replay} fields compared with replay, {by_oracle} with the oracle, {rows} rows of tables"


def check_rejections(redis, daemon, told):
    """Those that are the record's own; which of two is the duplicate, partitions decide."""
    beats = redis.client().hgetall(f"venturi:daemon:{daemon.instance}")
    for reason, count in told.replayed["rejected"].items():
        if reason not in ("duplicate", "conflict"):
            assert int(beats.get(f"rejected_{reason}", 0)) == count, f"rejected {reason}: {beats}, not {count}"


def check_tables(redis):
    """Tables that replay does not print hang together with the hashes."""
    client, rows = redis.client(), 0
    for scope, windows in published(redis)[0]["scopes"].items():
        for period, window in HIST_WINDOWS.items():
            entries = client.stream(f"venturi:hist:{scope}:{period}")
            rows += len(entries)
            if not entries:     # nothing was ever told of it
                assert not any(value for values in windows.values() for value in values.values()), f"no closed {period} of {scope}"
                continue
            last = {name: number(text) for name, text in entries[-1][1].items()}
            same = {name: value for name, value in windows[window].items() if name in last}
            assert len(same) >= 18, f"hist:{scope}:{period} has only {sorted(last)}"
            for name, value in same.items():
                assert last[name] == value, f"hist:{scope}:{period} {name} is {last[name]}, {window} has {value}"
        for metric in ("cycle_time", "lead_time"):
            for window in ("30d", "90d"):
                entries = client.stream(f"venturi:dist:{scope}:{metric}:{window}")
                rows += len(entries)
                items = sum(int(row["items"]) for _entry, row in entries)
                assert items == windows[window][f"{metric}_n"], f"dist:{scope}:{metric}:{window} holds {items} items"
        aging = client.stream(f"venturi:aging:{scope}")
        rows += len(aging)
        assert len(aging) <= 200
        finished = client.stream(f"venturi:finished:{scope}")
        rows += len(finished)
        level_is_fine = scope.count("/") >= 2 or not finished
        assert level_is_fine or client("SISMEMBER", "venturi:scopes:product", scope), f"finished:{scope}, of no product or team"
        if finished:
            assert len(finished) == min(2000, windows["90d"]["throughput_items"]), f"finished:{scope} has {len(finished)} rows"
    catalogue = {name: json.loads(text) for name, text in client.hgetall("venturi:metrics").items()}
    assert all(info.keys() >= {"unit", "better", "help"} for info in catalogue.values()) and catalogue
    return rows


def test_in_portions():
    """The same when the events come while the daemon runs, in portions, with a restart between each"""
    told = log(SEED, EVENTS)
    topic = new_topic(2)
    with Redis() as redis, Daemon(kafka().address, redis.url, [topic], told.model) as daemon:
        portion = len(told.lines) // 4 + 1
        for begin in range(0, len(told.lines), portion):
            daemon.start()
            told.produce(topic, told.lines[begin:begin + portion], "--partitions", "2")
            if begin + portion < len(told.lines):
                daemon.stop()
        by_replay, by_oracle = must_show(redis, told, 180)
    return f"{by_replay} fields compared with replay, {by_oracle} with the oracle"
