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


def moments(dice, count, longest):
    return [dice.uniform(0, longest) for _ in range(count)]


def told_of(waits, seed, compared):
    return (f"{len(waits)} kills, seed {seed}, after {', '.join(f'{wait:.1f}' for wait in waits)} s; "
            f"{compared[0]} fields compared with replay, {compared[1]} with the oracle, 0 differ")


def test_daemon_killed():
    """The daemon is killed (-9) at 30 random moments while events stream in: no field differs"""
    # It waits 3 s before it takes over, for it can't know that nobody else is left; some kills come before that.
    waits = moments(random.Random(DICE_SEED), max(5, int(30 * SCALE)), 7)
    told, topic = log(LOG_SEED, EVENTS), new_topic(3)
    with Redis() as redis, Daemon(kafka().address, redis.url, [topic], told.model) as daemon:
        with told.streaming(topic, sum(waits), 3):
            for wait in waits:
                daemon.start(wait=False)
                time.sleep(wait)        # the random moment is the test
                daemon.kill()
        daemon.start()
        return told_of(waits, DICE_SEED, must_show(redis, told, 180))


def test_redis_killed():
    """Redis is killed (-9) and started again, fsync once a second, at 10 random moments: no field differs"""
    waits = moments(random.Random(DICE_SEED + 1), max(3, int(10 * SCALE)), 2)
    told, topic = log(LOG_SEED, EVENTS), new_topic(3)
    with Redis() as redis, Daemon(kafka().address, redis.url, [topic], told.model) as daemon:
        daemon.start()
        with told.streaming(topic, sum(waits) * 2, 3):      # coming back takes about as long
            for wait in waits:
                time.sleep(wait)
                redis.restart()
                wait_for(daemon.is_ready, "venturid to have come back")
        compared = must_show(redis, told, 180)
        daemon.stop()
        must_show(redis, told, 1)
    return told_of(waits, DICE_SEED + 1, compared)
