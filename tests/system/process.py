"""Child processes that end with us, and conditions that are waited for instead of slept for."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")

# Sanitizers and valgrind are slower: waits stretch by this factor.
PATIENCE = float(os.environ.get("PATIENCE", "1"))


class TimedOut(AssertionError):
    pass


def wait_for(condition, what, seconds=30, interval=0.02):
    """Returns the first true value of condition(); fails after a while, saying what never came."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimedOut(f"waited {seconds * PATIENCE:.0f} s in vain for: {what}")
        time.sleep(interval)


def free_ports(count):
    """Ports that are free now, all different: they are held together before they are let go."""
    holders = [socket.socket() for _ in range(count)]
    try:
        for holder in holders:
            holder.bind(("127.0.0.1", 0))
        return [holder.getsockname()[1] for holder in holders]
    finally:
        for holder in holders:
            holder.close()


def start(argv, log, **options):
    """Starts a child that is killed if we die; its output goes to the end of `log`."""
    with open(log, "ab") as out:
        return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *map(str, argv)],
                                stdin=options.pop("stdin", subprocess.DEVNULL), stdout=out, stderr=out, **options)


def stop(child, sig=signal.SIGTERM, seconds=30):
    """Sends the signal and waits for the end; returns the exit status (negative: the signal that ended it)."""
    if child.poll() is None:
        child.send_signal(sig)
    try:
        return child.wait(seconds * PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        raise TimedOut(f"process {child.pid} did not end within {seconds * PATIENCE:.0f} s of {signal.Signals(sig).name}")


def is_gone(pid):
    """A zombie is gone too: kill -0 would say it lives."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
