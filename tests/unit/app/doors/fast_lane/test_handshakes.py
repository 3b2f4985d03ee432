"""A listener that begins no more handshakes."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from app.doors.fast_lane.handshakes import begin_no_more


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def _listener(stack: ExitStack, port: int = 0) -> socket.socket:
    return stack.enter_context(socket.create_server(("127.0.0.1", port), reuse_port=True))


def test_who_comes_too_late_is_heard_by_the_other_one(stack: ExitStack) -> None:
    old = _listener(stack)
    where = old.getsockname()
    begun = stack.enter_context(socket.create_connection(where))
    begin_no_more(old)
    late = stack.enter_context(socket.socket())
    late.settimeout(0.1)
    with pytest.raises(TimeoutError):
        late.connect(where)
    late.settimeout(10)

    taken = stack.enter_context(old.accept()[0])
    new = _listener(stack, where[1])
    old.close()
    stack.enter_context(new.accept()[0])
    late.send(b"late")
    begun.send(b"begun")
    assert taken.recv(5) == b"begun"
