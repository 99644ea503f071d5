"""A Redis of one's own, in a process of its own, on a free loopback port, without a file."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

PATIENCE_S = 30.0


class RedisProcess:
    """Debian's `redis-server`. What it holds is lost when it ends."""

    def __init__(self, binary: str) -> None:
        self._binary = binary
        self.port = _free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers."""
        options = {"port": self.port, "bind": "127.0.0.1", "save": "", "appendonly": "no"}
        arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        self._process = subprocess.Popen([self._binary, *arguments], stdout=subprocess.DEVNULL)
        deadline_s = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert time.monotonic() < deadline_s, "redis-server does not answer"
            time.sleep(0.02)

    def kill(self) -> None:
        """It is gone, and so is what it held."""
        assert self._process
        self._process.kill()
        self._process.wait()
        self._process = None

    def empty(self) -> None:
        """It goes on without what it held, as one that was restarted so quickly that nobody noticed."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_S) as connection:
            connection.sendall(b"FLUSHALL\r\n")
            assert connection.recv(16).startswith(b"+OK")

    def pause(self) -> None:
        """It is there, and answers nothing."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """After `pause`."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End it, however it is."""
        if self._process:
            self.kill()

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False


@contextmanager
def redis_process() -> Iterator[RedisProcess]:
    """Running. Skips the test where there is no `redis-server`, but not in CI."""
    binary = shutil.which("redis-server")
    if not binary and os.environ.get("CI") != "true":
        pytest.skip("needs redis-server (Debian: apt-get install redis-server)")
    assert binary, "CI needs redis-server"
    redis = RedisProcess(binary)
    try:
        redis.start()
        yield redis
    finally:
        redis.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
