"""The slots that the front's HAProxy has for replicas, most of them empty: in its configuration,
and as it is told of them while it runs."""

from collections.abc import Iterator
from pathlib import Path

from app.doors.haproxy_rules import (
    ASKED_AGAIN,
    CUT,
    QUICK,
    again,
    checked,
    indented,
    last,
    nobody,
    none_there,
    too_many,
)
from app.doors.haproxy_watch import ask
from app.doors.lanes import Address, Servers
from app.start.address import address as written

_REPLICAS = 128
READY, CONTROL, ALIVE, LIVES = "requests", "control", "alive", "lives"
"""The same servers four times: where predictions go, and all else, which must neither wait for
these nor take their place; and the same while no replica is ready."""


class Slots:
    """Which replica has which, and what the HAProxy with the socket at ``control`` knows of it."""

    def __init__(self, control: str, concurrency: int) -> None:
        self._control = control
        self._concurrency = concurrency
        self._places: dict[Address, int] = {}
        self._told: dict[int, tuple[Address, int]] = {}

    def forget(self) -> None:
        """Another HAProxy has begun, which knows none."""
        self._told.clear()

    async def tell(self, servers: Servers) -> None:
        """It is to know these alone. Raises OSError where it cannot be told; what it was told
        until then is remembered."""
        for place, (address, _) in list(self._told.items()):
            if address not in servers:
                await self._ask(_state(place, "maint"))
                del self._told[place]
        self._places = {one: place for one, place in self._places.items() if one in servers}
        for address, replicas in servers.items():
            place = self._place(address)
            known = self._told.get(place)
            if known != (address, replicas):
                commands = _limit(place, replicas * self._concurrency)
                if known is None:
                    commands += [*_at(place, address), *_state(place, "ready")]
                await self._ask(commands)
                self._told[place] = (address, replicas)

    def _place(self, address: Address) -> int:
        if address not in self._places:
            taken = set(self._places.values())
            self._places[address] = min(set(range(_REPLICAS)) - taken)
            print(f"replica{self._places[address]} is {written(*address)}", flush=True)
        return self._places[address]

    async def _ask(self, commands: list[str]) -> None:
        await ask(self._control, "; ".join(commands))


def _limit(place: int, most: int) -> list[str]:
    return [f"set maxconn server {one}/replica{place} {most}" for one in (READY, ALIVE)]


def _at(place: int, address: Address) -> list[str]:
    host, port = address
    every = (READY, CONTROL, ALIVE, LIVES)
    return [f"set server {one}/replica{place} addr {host} port {port}" for one in every]


def _state(place: int, state: str) -> list[str]:
    """Of the two that the others track."""
    return [f"set server {one}/replica{place} state {state}" for one in (READY, LIVES)]


def backends(concurrency: int, folder: Path) -> Iterator[str]:
    """Sections of its configuration; sockets of its own lie in ``folder``."""
    none, once_more = str(folder / "nobody.sock"), str(folder / "again.sock")
    yield from nobody(none)
    yield from again(once_more, ALIVE)
    places = f"maxconn {concurrency}"
    for name, lines, servers in (
        (READY, (*checked("/health/ready"), *too_many(READY)), f"{places} disabled"),
        (CONTROL, QUICK, f"track {READY}/{{}}"),
        (LIVES, (*QUICK, *checked("/health/live", patient=True), *none_there(LIVES)), "disabled"),
        (ALIVE, (*too_many(ALIVE), *none_there(LIVES)), f"{places} track {LIVES}/{{}} {CUT}"),
    ):
        yield f"backend {name}\n{indented((*ASKED_AGAIN, *lines))}"
        for place in range(_REPLICAS):
            server = f"replica{place}"
            yield f"    server {server} 127.0.0.1:1 {servers.format(server)}"
        if name == READY:
            yield last("again", once_more)
        elif name == ALIVE:
            yield last("nobody", none)
