#!/usr/bin/env python3
"""A real Apache Kafka (KRaft, broker and controller in one JVM) for the tests.

    kafka.py fetch           the jars into the cache, by Maven, and a class archive that halves the start
    kafka.py start DIR       prints the address; a second start brings the same log back on the same port
    kafka.py join DIR2 DIR   one more broker, in DIR2, for the cluster of DIR
    kafka.py stop DIR, kill DIR

Lines in DIR/extra.properties, if there, override anything.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from process import free_ports, is_gone, wait_for  # noqa: E402

VERSION = "3.9.1"
POM = Path(__file__).resolve().parent / "kafka" / "pom.xml"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "venturi" / f"kafka-{VERSION}"
JARS = CACHE / "jars"
ARCHIVE = CACHE / "classes.jsa"
STAMP = CACHE / "complete"      # holds the digest of the pom that the jars were fetched by; written last
MAVEN_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
READY = "Kafka Server started"

SERVER = """\
process.roles={roles}
node.id={node}
controller.quorum.voters=1@127.0.0.1:{controller}
listeners={listeners}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={directory}/log
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.partitions=1
auto.create.topics.enable=false
# Records of years ago and of the year to come are ours to judge, not the broker's.
log.message.timestamp.before.max.ms=9223372036854775807
log.message.timestamp.after.max.ms=9223372036854775807
log.retention.ms=-1
log.segment.delete.delay.ms=1000
offsets.retention.minutes=5256000
# Else a start after kill -9 waits until the old broker's session has ended.
broker.session.timeout.ms=1000
broker.heartbeat.interval.ms=200
"""

LOG4J = """\
log4j.rootLogger=WARN, out
log4j.logger.kafka.server.KafkaRaftServer=INFO
log4j.logger.kafka.server.BrokerServer=INFO
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %m (%c)%n
"""


def java(*arguments, archive=True):
    memory = ["-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
    if archive and ARCHIVE.exists():
        memory.append(f"-XX:SharedArchiveFile={ARCHIVE}")
    return ["java", *memory, *arguments]


# ---- fetch

def fetch():
    """Does nothing where the jars of this very pom are there."""
    digest = hashlib.sha256(POM.read_bytes()).hexdigest()
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if STAMP.exists() and STAMP.read_text() == digest:
            return
        print(f"setup: Apache Kafka {VERSION} for the tests, by Maven, into {CACHE}", flush=True)
        shutil.rmtree(JARS, ignore_errors=True)
        ARCHIVE.unlink(missing_ok=True)
        maven = subprocess.run(["mvn", "-q", "-B", "-f", POM, MAVEN_GOAL, f"-DoutputDirectory={JARS}"],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if maven.returncode != 0:
            print(f"setup: Maven could not fetch Kafka's jars:\n{maven.stdout[-3000:]}", file=sys.stderr)
            sys.exit(os.EX_UNAVAILABLE)
        make_archive()
        STAMP.write_text(digest)


def make_archive():
    """One run of a broker, of which the JVM keeps the classes it loaded. A JVM that it doesn't fit ignores it."""
    with tempfile.TemporaryDirectory(prefix="venturi-kafka-") as directory:
        start(Path(directory), f"-XX:ArchiveClassesAtExit={ARCHIVE}", archive=False)
        stop(Path(directory))


# ---- one broker, in a folder

def configure(directory, cluster_of=None):
    """Writes the properties once, so that a later start has the same address."""
    (directory / "log4j.properties").write_text(LOG4J)
    properties = directory / "server.properties"
    if properties.exists():
        return
    if cluster_of:
        first = read_properties(cluster_of)
        (port,) = free_ports(1)
        node = 2 + len(list(cluster_of.glob("joined-*")))
        (cluster_of / f"joined-{node}").touch()
        text = SERVER.format(roles="broker", node=node, port=port, directory=directory,
                             controller=first["controller.quorum.voters"].rpartition(":")[2],
                             listeners=f"PLAINTEXT://127.0.0.1:{port}")
        cluster = (cluster_of / "cluster.id").read_text()
    else:
        port, controller = free_ports(2)
        text = SERVER.format(roles="broker,controller", node=1, port=port, controller=controller, directory=directory,
                             listeners=f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}")
        # One that began with "-" would be taken for an option.
        cluster = "V" + uuid.uuid4().hex[:21]
    extra = directory / "extra.properties"
    properties.write_text(text + (extra.read_text() if extra.exists() else ""))
    (directory / "cluster.id").write_text(cluster)
    subprocess.run(java("-cp", f"{JARS}/*", f"-Dlog4j.configuration=file:{directory}/log4j.properties",
                        "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties)),
                   check=True, stdout=subprocess.DEVNULL)


def read_properties(directory):
    lines = (directory / "server.properties").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def address(directory):
    return read_properties(directory)["advertised.listeners"].split(",")[0].rpartition("/")[2]


def start(directory, *jvm, cluster_of=None, archive=True, die_with_us=True):
    """Returns the address once the broker serves. `directory` keeps the log for the next start."""
    directory.mkdir(parents=True, exist_ok=True)
    configure(directory, cluster_of)
    log = directory / "kafka.log"
    begin = log.stat().st_size if log.exists() else 0
    argv = java(*jvm, f"-Dlog4j.configuration=file:{directory}/log4j.properties", "-cp", f"{JARS}/*",
                "kafka.Kafka", str(directory / "server.properties"), archive=archive)
    if die_with_us:
        argv = ["setpriv", "--pdeathsig", "KILL", "--", *argv]
    with open(log, "ab") as out:
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
    (directory / "pid").write_text(str(child.pid))

    def ready():
        if child.poll() is not None:
            raise RuntimeError(f"Kafka did not start:\n{log.read_text()[-3000:]}")
        with open(log) as text:
            text.seek(begin)
            return READY in text.read()

    wait_for(ready, f"Kafka in {directory} to start", 90)
    return address(directory)


def stop(directory, sig=signal.SIGTERM):
    """Returns when the broker is gone; a child of ours is reaped."""
    pid = int((directory / "pid").read_text())
    try:
        os.kill(pid, sig)
    except ProcessLookupError:
        return
    wait_for(lambda: is_gone(pid), f"Kafka in {directory} to end", 60)
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        pass


class Kafka:
    """A broker in a folder of its own, which is removed with it."""

    def __init__(self):
        fetch()
        self.directory = Path(tempfile.mkdtemp(prefix="venturi-kafka-"))
        self.address = start(self.directory)

    def kill(self):
        stop(self.directory, signal.SIGKILL)

    def stop(self):
        stop(self.directory)

    def start(self):
        assert start(self.directory) == self.address

    def close(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


def main(argv):
    verb, folders = (argv[0] if argv else ""), [Path(name).resolve() for name in argv[1:]]
    if verb == "fetch" and not folders:
        fetch()
    elif verb == "start" and len(folders) == 1:
        fetch()
        print(start(folders[0], die_with_us=False))
    elif verb == "join" and len(folders) == 2:
        print(start(folders[0], cluster_of=folders[1], die_with_us=False))
    elif verb in ("stop", "kill") and len(folders) == 1:
        stop(folders[0], signal.SIGTERM if verb == "stop" else signal.SIGKILL)
    else:
        print(__doc__, file=sys.stderr)
        return 64
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
