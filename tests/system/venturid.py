"""The programs under test: a venturid in a temporary folder, and what `venturi` and `feed` say."""

import http.client
import json
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from process import BUILD, start, stop, wait_for

VENTURID = BUILD / "venturid"
VENTURI = BUILD / "venturi"
FEED = BUILD / "tests" / "tools" / "feed"


class Http(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class Daemon:
    """One venturid. `model` is the part of the configuration that says what is measured."""

    def __init__(self, kafka, redis_url, topics, model, *, dead_letters="", redis="", kafka_lines="", librdkafka="",
                 top="", instance="under-test", environment=None, wrapper=()):
        self.directory = Path(tempfile.mkdtemp(prefix="venturid-"))
        self.config = self.directory / "venturid.conf"
        self.log_path = self.directory / "venturid.log"
        self.http_path = self.directory / "http.sock"
        self.environment, self.wrapper = environment, wrapper
        self.instance = instance
        self.child = None
        quoted = ", ".join(f'"{topic}"' for topic in topics)
        self.parts = {
            "top": f'instance = "{instance}"\n{top}',
            "kafka": f'kafka {{\n  topics = {{{quoted}}}\n  group = "venturi-test"\n'
                     f'  dead_letter_topic = "{dead_letters}"\n{kafka_lines}\n}}',
            # Outages of the tests' brokers last milliseconds: look again at once.
            "librdkafka": f"librdkafka {{\n  bootstrap.servers = \"{kafka}\"\n  reconnect.backoff.max.ms = \"500\"\n"
                          f"  topic.metadata.refresh.interval.ms = \"1000\"\n{librdkafka}\n}}",
            "redis": f'redis {{\n  url = "{redis_url}"\n{redis}\n}}',
            "http": f'http {{ listen = "unix:{self.http_path}" }}',
            "model": model,
        }
        self.write_config()

    def write_config(self, **parts):
        self.parts |= parts
        self.config.write_text("\n".join(self.parts.values()) + "\n")

    # ---- life

    def start(self, wait=True):
        self.child = start([*self.wrapper, VENTURID, "-c", self.config], self.log_path, env=self.environment)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=60):
        wait_for(self.is_ready, f"venturid to be ready; its log ends:\n{self.log()[-2000:]}", seconds)

    def is_ready(self):
        self.must_live()
        return self.get("/readyz")[0] == 200

    def must_live(self):
        status = self.child.poll()
        assert status is None, f"venturid ended with status {status}; its log ends:\n{self.log()[-3000:]}"

    def kill(self):
        stop(self.child, signal.SIGKILL)

    def stop(self):
        """SIGTERM; the daemon has to end well."""
        status = stop(self.child)
        assert status == 0, f"venturid ended with status {status}; its log ends:\n{self.log()[-3000:]}"

    def wait_end(self, seconds=30):
        return wait_for(lambda: (self.child.poll() is not None) and [self.child.returncode], "venturid to end", seconds)[0]

    def close(self):
        if self.child and self.child.poll() is None:
            self.kill()
        log = self.log()
        shutil.rmtree(self.directory, ignore_errors=True)
        for sign in ("AddressSanitizer", "runtime error:", "LeakSanitizer", "Assertion `"):
            assert sign not in log, f"venturid's log tells of a fault:\n{log[max(0, log.index(sign) - 500):][:6000]}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- what it says

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def wait_log(self, pattern, seconds=30):
        """Until a line of the log matches, in any case; returns the line."""
        def found():
            return next((line for line in self.log().splitlines() if re.search(pattern, line, re.I)), None)
        try:
            return wait_for(found, f"a line like {pattern!r} in the log", seconds)
        except AssertionError as why:
            raise AssertionError(f"{why}; it ends:\n{self.log()[-3000:]}") from None

    def get(self, path):
        """(status, body), or (0, "") where nobody listens."""
        connection = Http(self.http_path)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()


def run(*argv, status=0, text=None, environment=None):
    """Runs a program to its end and returns its output; any other exit status is a failure."""
    result = subprocess.run([str(a) for a in argv], input=text, text=True, capture_output=True, check=False,
                            env=environment, timeout=900)
    assert result.returncode == status, \
        f"{Path(argv[0]).name} {' '.join(map(str, argv[1:4]))} … ended with {result.returncode}, not {status}: {result.stderr[-2000:]}"
    return result.stdout + (result.stderr if status else "")


def replay(config, path, *, at=None, records=False):
    """What `venturi replay` makes of a file."""
    argv = [VENTURI, "replay", "-c", config, "--format", "json"]
    if at:
        argv += ["--at", at]
    if records:
        argv.append("--records")
    return json.loads(run(*argv, path))


def feed(verb, kafka, *arguments, text=None):
    return run(FEED, verb, "-b", kafka, *arguments, text=text)


def create_topic(kafka, name, partitions=1):
    feed("topic", kafka, "create", name, partitions)


def produce(kafka, topic, lines, *arguments):
    """One record a line; returns when the broker has them all."""
    sent = feed("produce", kafka, "-t", topic, *arguments, text="".join(f"{line}\n" for line in lines))
    assert int(sent) == len(lines)


def consume(kafka, topic, *arguments):
    return [json.loads(line) for line in feed("consume", kafka, "-t", topic, *arguments).splitlines()]
