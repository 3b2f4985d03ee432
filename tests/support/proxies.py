"""A TCP proxy that takes its time over each connection, as one far away does."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class SlowProxy:
    """Waits ``delay_s`` after each connection that it accepts, before it opens its own."""

    def __init__(self, port: int) -> None:
        self.delay_s = 0.0
        self._upstream = port
        self._stopped = threading.Event()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def stop(self) -> None:
        """End it, and all its connections."""
        self._stopped.set()
        for one in [self._listener, *self._sockets]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._accepting.join(timeout=30)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self._sockets.append(client)
        if self._stopped.wait(self.delay_s):
            return
        with suppress(OSError):
            server = socket.create_connection(("127.0.0.1", self._upstream))
            self._sockets.append(server)
            threading.Thread(target=_copy, args=(server, client), daemon=True).start()
            _copy(client, server)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


@contextmanager
def slow_proxy(port: int) -> Iterator[SlowProxy]:
    """A proxy before the server at ``port`` that ends with the block."""
    proxy = SlowProxy(port)
    try:
        yield proxy
    finally:
        proxy.stop()
