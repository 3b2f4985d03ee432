"""A listening socket that stops without losing a connection."""

import asyncio
import errno
import socket
from collections.abc import Callable

from app.doors.fast_lane.handshakes import begin_no_more
from deployments.log import get_logger

logger = get_logger(__name__)

_BACKLOG = 2048
_RECHECK_S = 0.05
# Longer than a round trip within a data centre; whoever comes in it is heard a second later.
_HANDSHAKE_S = 0.002
# What accept(2) reports of the connection that is lost, not of the listener.
_CONNECTION_GONE = {errno.ECONNABORTED, errno.EPROTO, errno.EINTR}


class Listener:
    """Hands accepted connections to protocols, at most ``limit`` at a time.

    The port is shared (SO_REUSEPORT): every replica on a node has its own queue of connections, and
    the kernel spreads new ones over them. asyncio's own servers drop what is queued when they
    close, and cannot pause; hence this one.
    """

    def __init__(
        self,
        host: str,
        port: int,
        protocol: Callable[[], asyncio.Protocol],
        connections: Callable[[], int],
        limit: int,
    ) -> None:
        self._protocol = protocol
        self._connections = connections
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._attaching: set[asyncio.Task[object]] = set()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        everywhere = ":" in host and not host.strip(":0")  # "::", which is "::0", too
        both = everywhere and socket.has_dualstack_ipv6()
        try:
            self._socket = socket.create_server(
                (host, port),
                family=family,
                backlog=_BACKLOG,
                reuse_port=True,
                dualstack_ipv6=both,
            )
        except OSError as error:
            raise RuntimeError(
                f"the fast lane cannot listen on {host} port {port} ({error.strerror}): change "
                "fast_lane in the config, or set it to null"
            ) from error
        self._socket.setblocking(False)
        self._resume()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def open(self) -> bool:
        return self._socket.fileno() >= 0

    async def close(self) -> None:
        """Accept what is queued or about to be, then let other replicas have what comes."""
        try:
            begin_no_more(self._socket)
        except OSError as error:
            logger.warning("connections may be lost as the fast lane closes: %s", error)
        else:
            await asyncio.sleep(_HANDSHAKE_S)
        self._loop.remove_reader(self._socket)
        while self._accept():
            pass
        self._socket.close()
        while self._attaching:
            await asyncio.wait(self._attaching)

    def _resume(self) -> None:
        if self.open:
            self._loop.add_reader(self._socket, self._readable)

    def _readable(self) -> None:
        # Those that are being attached count: they are connections in a moment.
        while self._connections() + len(self._attaching) < self._limit:
            if not self._accept():
                return
        self._pause()

    def _pause(self) -> None:
        self._loop.remove_reader(self._socket)
        self._loop.call_later(_RECHECK_S, self._resume)

    def _accept(self) -> bool:
        """Take one connection from the queue, if there is one."""
        try:
            connection, _ = self._socket.accept()
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno in _CONNECTION_GONE:
                return True
            # No descriptors or memory left: what is queued waits until there are.
            logger.error("the fast lane cannot accept connections now: %s", error)
            self._pause()
            return False
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = self._loop.create_task(self._attach(connection))
        self._attaching.add(task)
        task.add_done_callback(self._attaching.discard)
        return True

    async def _attach(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, connection)
        except OSError:  # gone before we looked
            connection.close()
