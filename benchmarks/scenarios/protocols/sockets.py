"""Rows over one WebSocket as fast as they are answered, and sockets that are open and idle."""

import base64
import json
import os
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Self

from benchmarks.load.result import LoadError

_PATH = "/predict/stream"
_WINDOW = 512
_PATIENCE_S = 30.0
_CHUNK = 1 << 20
_FINAL_TEXT, _SHORT, _LONG = 0x81, 126, 127
_MASKED = 0x80
_FAILED = b'"error":'


class RowSocket:
    """A WebSocket whose frames are made beforehand, since a library's work on one costs more than
    the server's.

    Its frames are those of https://www.rfc-editor.org/rfc/rfc6455#section-5.2, masked with zeros.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET {_PATH} HTTP/1.1\r\nhost: bench\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            f"sec-websocket-version: 13\r\nsec-websocket-key: {key}\r\n\r\n".encode()
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._read()
        if not answer.startswith(b"HTTP/1.1 101"):
            raise LoadError(f"no WebSocket: {answer[:300]!r}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def run(self, rows: Sequence[dict[str, Any]], seconds: float) -> int:
        """Keep a window of rows under way for this long; how many got their prediction. Raises
        LoadError where one does not."""
        # A row's id is its place: it is free again long before its next turn.
        frames = [_frame({"id": place, "instance": row}) for place, row in enumerate(rows)]
        end = time.monotonic() + seconds
        sent = answered = 0
        rest = b""
        while time.monotonic() < end:
            due = [frames[turn % len(frames)] for turn in range(sent, answered + _WINDOW)]
            sent += len(due)
            self._socket.sendall(b"".join(due))
            count, rest = _whole(rest + self._read())
            answered += count
        return answered

    def ask(self, row: dict[str, Any]) -> None:
        """Send one row, and wait for its answer."""
        self._socket.sendall(_frame({"id": 1, "instance": row}))
        data = b""
        while not _whole(data)[0]:
            data += self._read()

    def _read(self) -> bytes:
        data = self._socket.recv(_CHUNK)
        if not data:
            raise LoadError("the server ended the WebSocket")
        return data


@contextmanager
def idle(port: int, count: int, row: dict[str, Any]) -> Iterator[None]:
    """So many sockets, each of which has been answered one row, open for the length of a block."""
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(RowSocket(port)).ask(row)
        yield


def _frame(message: dict[str, Any]) -> bytes:
    payload = json.dumps(message).encode()
    if len(payload) < _SHORT:
        length = bytes([_MASKED | len(payload)])
    else:
        length = bytes([_MASKED | _SHORT]) + struct.pack("!H", len(payload))
    return bytes([_FINAL_TEXT]) + length + bytes(4) + payload


def _whole(data: bytes) -> tuple[int, bytes]:
    """How many whole answers there are, and what is left behind them. Raises LoadError where one is
    no prediction."""
    if _FAILED in data:
        raise LoadError(f"a row was refused: {data[:500]!r}")
    place = count = 0
    while place + 4 <= len(data):
        if data[place] != _FINAL_TEXT:
            raise LoadError(f"an unexpected frame: {data[place : place + 100]!r}")
        length, head = data[place + 1], 2
        if length == _SHORT:
            length, head = int.from_bytes(data[place + 2 : place + 4], "big"), 4
        elif length == _LONG:
            length, head = int.from_bytes(data[place + 2 : place + 10], "big"), 10
        if place + head + length > len(data):
            break
        place += head + length
        count += 1
    return count, data[place:]
