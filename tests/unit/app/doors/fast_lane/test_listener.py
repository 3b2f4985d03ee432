import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import cast

import pytest

from app.doors.fast_lane.listener import Listener
from tests.support.serve import free_port
from tests.support.wait import wait_for

Listen = Callable[..., "Opened"]
Connect = Callable[[int], socket.socket]


class Greeting(asyncio.Protocol):
    """Says hello, and is among the open connections until it ends."""

    def __init__(self, opened: set["Greeting"]) -> None:
        self._opened = opened

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._opened.add(self)
        cast(asyncio.Transport, transport).write(b"hello")

    def connection_lost(self, exc: Exception | None) -> None:
        self._opened.discard(self)


class Opened(Listener):
    """A listener with the connections that it has handed over."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, limit: int = 100) -> None:
        self.connections: set[Greeting] = set()
        super().__init__(
            host, port, lambda: Greeting(self.connections), lambda: len(self.connections), limit
        )


@pytest.fixture
async def listen() -> AsyncIterator[Listen]:
    listeners: list[Opened] = []

    def listen(*args: object, **options: object) -> Opened:
        listeners.append(Opened(*args, **options))  # type: ignore[arg-type]
        return listeners[-1]

    yield listen
    for listener in listeners:
        if listener.open:
            await listener.close()
        await wait_for(lambda listener=listener: not listener.connections)  # type: ignore[misc]


@pytest.fixture
def connect(listen: Listen) -> Iterator[Connect]:
    """Connected as soon as the kernel has it queued, whether or not anybody accepts."""
    clients: list[socket.socket] = []

    def connect(port: int) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", port))
        client.setblocking(False)
        clients.append(client)
        return client

    yield connect
    for client in clients:
        client.close()


async def hears(client: socket.socket) -> bytes:
    async with asyncio.timeout(5):
        return await asyncio.get_running_loop().sock_recv(client, 5)


async def test_it_hands_connections_over(listen: Listen, connect: Connect) -> None:
    assert await hears(connect(listen().port)) == b"hello"


async def test_what_is_queued_when_it_closes_is_still_taken(
    listen: Listen, connect: Connect
) -> None:
    listener = listen()
    port = listener.port
    # No turn of the loop between these: nobody has accepted them yet.
    clients = [connect(port) for _ in range(50)]
    await listener.close()

    assert [await hears(client) for client in clients] == [b"hello"] * 50
    with pytest.raises(ConnectionRefusedError):
        connect(port)


async def test_beyond_the_limit_connections_wait_until_one_ends(
    listen: Listen, connect: Connect
) -> None:
    listener = listen(limit=2)
    first, second, third = (connect(listener.port) for _ in range(3))
    assert await hears(first) == await hears(second) == b"hello"
    waiting = asyncio.create_task(hears(third))
    await asyncio.wait([waiting], timeout=0.2)
    assert not waiting.done()
    assert len(listener.connections) == 2

    first.close()
    assert await waiting == b"hello"


async def test_two_share_a_port_and_the_kernel_spreads_connections(
    listen: Listen, connect: Connect
) -> None:
    port = free_port()
    one, other = listen(port=port), listen(port=port)
    clients = [connect(port) for _ in range(64)]
    assert [await hears(client) for client in clients] == [b"hello"] * 64
    assert min(len(one.connections), len(other.connections)) > 10

    await one.close()
    before = len(other.connections)
    later = [connect(port) for _ in range(16)]
    assert [await hears(client) for client in later] == [b"hello"] * 16
    assert len(other.connections) == before + 16


async def test_a_port_that_another_program_holds_is_named(listen: Listen) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RuntimeError, match=f"cannot listen on 127.0.0.1 port {port}"):
            listen(port=port)


@pytest.mark.parametrize("everywhere", ["::", "::0", "0:0:0:0:0:0:0:0"])
async def test_all_interfaces_of_ipv6_are_those_of_ipv4_too(
    listen: Listen, everywhere: str
) -> None:
    listener = listen(everywhere)
    for host in ("127.0.0.1", "::1"):
        with socket.create_connection((host, listener.port)) as client:
            client.setblocking(False)
            assert await hears(client) == b"hello"


async def test_a_host_with_colons_is_ipv6(listen: Listen) -> None:
    listener = listen("::1")
    with socket.create_connection(("::1", listener.port)) as client:
        client.setblocking(False)
        assert await hears(client) == b"hello"
