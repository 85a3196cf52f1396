"""A redis-server of our own in a temporary folder, on a unix socket, and a client of a few lines."""

import shutil
import signal
import socket
import tempfile
from pathlib import Path

from process import start, stop, wait_for

SETTINGS = {
    "port": "0",
    "save": "",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory-policy": "noeviction",
    "loglevel": "warning",
}


class ReplyError(Exception):
    pass


class Client:
    """RESP2 over a unix socket. Replies are text where they are UTF-8, else bytes."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, arguments):
        parts = [a if isinstance(a, bytes) else str(a).encode() for a in arguments]
        self.socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))

    def read(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis hung up")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            return ReplyError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return self.read_bulk(int(rest))
        assert kind == b"*", line
        return None if rest == b"-1" else [self.read() for _ in range(int(rest))]

    def read_bulk(self, size):
        if size < 0:
            return None
        value = self.file.read(size + 2)[:-2]
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value

    def __call__(self, *arguments):
        self.send(arguments)
        reply = self.read()
        if isinstance(reply, ReplyError):
            raise reply
        return reply

    def pipeline(self, commands):
        for arguments in commands:
            self.send(arguments)
        return [self.read() for _ in commands]

    def hgetall(self, key):
        flat = self("HGETALL", key)
        return dict(zip(flat[::2], flat[1::2]))

    def stream(self, key):
        """[(id, {field: value})]"""
        return [(entry, dict(zip(flat[::2], flat[1::2]))) for entry, flat in self("XRANGE", key, "-", "+")]


class Redis:
    """One server. `settings` override SETTINGS; None leaves a setting out."""

    def __init__(self, **settings):
        self.directory = Path(tempfile.mkdtemp(prefix="venturi-redis-"))
        self.path = self.directory / "redis.sock"
        self.log = self.directory / "redis.log"
        self.settings = SETTINGS | {name.replace("_", "-"): value for name, value in settings.items()}
        self.child = None
        self.start()

    @property
    def url(self):
        return f"unix://{self.path}"

    def start(self):
        argv = ["redis-server", "--dir", self.directory, "--unixsocket", self.path]
        for name, value in self.settings.items():
            if value is not None:
                argv += [f"--{name}", *(str(value).split() or [""])]
        self.child = start(argv, self.log, start_new_session=True)
        wait_for(self.answers, "redis-server to answer", 30)

    def answers(self):
        """Also while it wants a password; not while it still loads its log."""
        if self.child.poll() is not None:
            raise RuntimeError(f"redis-server did not start:\n{self.log.read_text()[-2000:]}")
        try:
            client = Client(self.path)
        except OSError:
            return False
        try:
            client.send(["PING"])
            return not str(client.read()).startswith("LOADING")
        except OSError:
            return False
        finally:
            client.close()

    def client(self):
        client = Client(self.path)
        if self.settings.get("requirepass"):
            client("AUTH", self.settings["requirepass"])
        return client

    def __call__(self, *arguments):
        """One command on a connection of its own."""
        client = self.client()
        try:
            return client(*arguments)
        finally:
            client.close()

    def kill(self):
        stop(self.child, signal.SIGKILL)

    def restart(self):
        self.kill()
        self.start()

    def close(self):
        if self.child.poll() is None:
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
