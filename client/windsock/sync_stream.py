"""The stream of the synchronous client: one thread reads the rows, the caller's the answers."""

import os
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, suppress
from typing import Generic, TypeVar

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from windsock.answers import Answer
from windsock.errors import Misused, WindsockError
from windsock.streams import Link, too_large
from windsock.window import Window

T = TypeVar("T")


class Answers(Iterator[tuple[T, Answer]]):
    """Those of a stream, for the process that began it; its threads take turns."""

    def __init__(self, answers: Generator[tuple[T, Answer]]) -> None:
        self._answers = answers
        self._turn = threading.Lock()
        self._process = os.getpid()

    def __next__(self) -> tuple[T, Answer]:
        with self._here():
            return next(self._answers)

    def close(self) -> None:
        """End the stream, whatever has not been answered."""
        with self._here():
            self._answers.close()

    def _here(self) -> threading.Lock:
        if os.getpid() != self._process:
            raise Misused("a stream belongs to the process that began it: begin another")
        return self._turn


class Stream(Generic[T]):
    """One run of ``stream``. ``_changed`` guards the window and the state below it."""

    def __init__(
        self, rows: Iterable[T], window: Window[T], link: Link, watch: Callable[[], None]
    ) -> None:
        self._rows = rows
        self._window = window
        self._link = link
        self._watch = watch
        self._changed = threading.Condition()
        self._stack = ExitStack()
        self._connection: ClientConnection | None = None
        self._all_read = False
        self._abandoned = False
        self._problem: BaseException | None = None

    def answers(self) -> Generator[tuple[T, Answer]]:
        """Each row with its answer."""
        process = os.getpid()
        threading.Thread(target=self._feed, name="windsock-stream", daemon=True).start()
        try:
            while self._more():
                for one in self._step():
                    begun = time.monotonic()
                    yield one
                    self._window.held(time.monotonic() - begun)
            if self._connection is not None:
                self._connection.close()
            if self._problem is not None:
                raise self._problem
        finally:
            if os.getpid() == process:  # in one that it has forked, the connection is not its own
                self._end()

    def _end(self) -> None:
        with self._changed:
            self._abandoned = True
            self._changed.notify_all()
        self._leave()

    def _feed(self) -> None:
        """Send rows as they come and the window has room."""
        try:
            for row in self._rows:
                with self._changed:
                    self._changed.wait_for(lambda: self._window.room or self._abandoned)
                    if self._abandoned:
                        return
                    message = self._window.take(row)
                    connection = self._connection
                    self._changed.notify_all()
                # Without a connection it is among what the next one is sent.
                if message is not None and connection is not None:
                    _send(connection, [message])
        except BaseException as problem:  # the caller's thread raises it
            self._problem = problem
        finally:
            with self._changed:
                self._all_read = True
                self._changed.notify_all()

    def _more(self) -> bool:
        """Wait until an answer is known or owed; false at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._all_read or not self._window.idle)
            return not self._window.idle

    def _step(self) -> list[tuple[T, Answer]]:
        """The next thing to be done, and what was found out by it."""
        with self._changed:
            if found := self._window.known():
                return found
        if self._connection is None:
            return self._connect()
        if self._link.moves:
            self._leave()
            return []
        try:
            return self._receive(self._connection)
        except ConnectionClosed as closed:
            self._leave()
            return self._lost(closed)

    def _connect(self) -> list[tuple[T, Answer]]:
        attempt = self._link.next()
        time.sleep(attempt.wait_s)
        try:
            address, options = self._link.address(attempt), self._link.options(attempt)
            connection = self._stack.enter_context(connect(address, **options))
        except WindsockError:
            raise
        except Exception as error:
            self._link.failed(attempt, error)
            self._watch()
            return []
        with self._changed:
            elsewhere = self._link.opened(attempt)
            late = self._window.overdue()
            messages = self._window.unanswered(elsewhere=elsewhere)
            self._connection = connection
        self._send_all(connection, messages)
        return late

    def _receive(self, connection: ClientConnection) -> list[tuple[T, Answer]]:
        """What is found out with the next message, or by the time that passes without one."""
        with self._changed:
            wait_s = self._window.wait_s
        try:
            message = connection.recv(wait_s)
        except TimeoutError:
            # Not sooner: after a pause of this process there may be much to read.
            if self._window.silent:
                self._leave()
                self._link.silent()
                self._watch()
                return []
            message = None
        with self._changed:
            found: list[tuple[T, Answer]] = []
            if message is not None:
                found += self._window.heard(message, self._link.url)
                self._link.heard(refused=self._window.refused)
            found += self._window.overdue()
            due = self._window.due()
            self._changed.notify_all()
        if self._link.moves:
            self._watch()
        self._send_all(connection, due)
        return found

    def _lost(self, closed: ConnectionClosed) -> list[tuple[T, Answer]]:
        if too_large(closed):
            with self._changed:
                return self._window.too_large()
        self._link.lost()
        self._watch()
        return []

    def _leave(self) -> None:
        with self._changed:
            connection, self._connection = self._connection, None
        if connection is not None:
            # Without a closing handshake, for which a send that hangs would hold the lock.
            _cut(connection)
        self._stack.close()

    def _send_all(self, connection: ClientConnection, messages: list[str]) -> None:
        """From the thread that would otherwise notice that the server takes nothing."""
        if messages:
            watchdog = threading.Timer(self._window.patience_s, _cut, [connection])
            watchdog.start()
            _send(connection, messages)
            watchdog.cancel()


def _send(connection: ClientConnection, messages: list[str]) -> None:
    # Whoever receives sees that the connection is closed, and sends it all again on another.
    with suppress(ConnectionClosed):
        for message in messages:
            connection.send(message)


def _cut(connection: ClientConnection) -> None:
    with suppress(OSError):
        connection.socket.shutdown(socket.SHUT_RDWR)
