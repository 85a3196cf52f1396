"""Ends without notice: of the daemon, and of Redis. Not one field may differ afterwards."""

import random
import time

from process import wait_for
from redis import Redis
from scene import SCALE, kafka, log, must_show, new_topic
from venturid import Daemon

LOG_SEED = 5
DICE_SEED = 20260318
EVENTS = int(94000 * SCALE)


def stretches(told, count):
    """The log in as many pieces as there are moments, so that each finds work under way."""
    size = len(told.lines) // count + 1
    return [told.lines[i:i + size] for i in range(0, len(told.lines), size)]


def test_daemon_killed():
    """The daemon is killed (-9) at 30 random moments while events stream in: no field differs"""
    kills = max(5, int(30 * SCALE))
    dice, told, topic = random.Random(DICE_SEED), log(LOG_SEED, EVENTS), new_topic(3)
    # A standby waits 3 s before it takes over, for it can't know that nobody is left.
    with Redis() as redis, Daemon(kafka().address, redis.url, [topic], told.model) as daemon:
        moments = []
        for lines in stretches(told, kills):
            daemon.start(wait=False)
            told.produce(topic, lines, "--partitions", "3")
            moment = dice.uniform(0, 6)
            moments.append(moment)
            time.sleep(moment)      # the random moment is the test
            daemon.kill()
        daemon.start()
        by_replay, by_oracle = must_show(redis, told, 180)
    return (f"{len(moments)} kills, seed {DICE_SEED}, after {', '.join(f'{moment:.1f}' for moment in moments)} s; "
            f"{by_replay} fields compared with replay, {by_oracle} with the oracle, 0 differ")


def test_redis_killed():
    """Redis is killed (-9) and started again, fsync once a second, at 10 random moments: no field differs"""
    kills = max(3, int(10 * SCALE))
    dice, told, topic = random.Random(DICE_SEED + 1), log(LOG_SEED, EVENTS), new_topic(3)
    with Redis() as redis, Daemon(kafka().address, redis.url, [topic], told.model) as daemon:
        daemon.start()
        moments = []
        for lines in stretches(told, kills):
            told.produce(topic, lines, "--partitions", "3")
            moment = dice.uniform(0, 1.5)
            moments.append(moment)
            time.sleep(moment)
            redis.restart()
            wait_for(daemon.is_ready, "venturid to have come back")
        by_replay, by_oracle = must_show(redis, told, 180)
        daemon.stop()
        must_show(redis, told, 1)
    return (f"{len(moments)} kills, seed {DICE_SEED + 1}, after {', '.join(f'{moment:.1f}' for moment in moments)} s; "
            f"{by_replay} fields compared with replay, {by_oracle} with the oracle, 0 differ")
