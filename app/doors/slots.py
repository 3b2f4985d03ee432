"""The slots that the front's HAProxy has for servers, most of them empty: in its configuration,
and as it is told of them while it runs."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.doors.haproxy_watch import ask
from app.doors.lanes import Address, Servers
from app.start.address import address as written


@dataclass(frozen=True, slots=True)
class Kind:
    """Servers of one kind: how they are named, how many there may be, and the backends that have
    each of them. Those of ``checked`` are asked how it is, and the others follow them; those of
    ``limited`` bound what it has under way."""

    server: str
    most: int
    backends: tuple[str, ...]
    checked: tuple[str, ...]
    limited: tuple[str, ...] = ()

    def lines(self, options: str) -> Iterator[str]:
        """Lines of a backend; ``{}`` in these options of a server stands for its name."""
        for place in range(self.most):
            name = f"{self.server}{place}"
            yield f"    server {name} 127.0.0.1:1 {options.format(name)}"


class Slots:
    """Which server of a kind has which, and what the HAProxy with the socket at ``control`` knows
    of it; ``concurrency`` is for each replica at an address."""

    def __init__(self, kind: Kind, control: str, concurrency: int = 0) -> None:
        self._kind = kind
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
                await self._ask(self._state(place, "maint"))
                del self._told[place]
        self._places = {one: place for one, place in self._places.items() if one in servers}
        for address, replicas in servers.items():
            place = self._place(address)
            known = self._told.get(place)
            if known != (address, replicas):
                commands = self._limit(place, replicas * self._concurrency)
                if known is None:
                    commands += [*self._at(place, address), *self._state(place, "ready")]
                await self._ask(commands)
                self._told[place] = (address, replicas)

    def _place(self, address: Address) -> int:
        if address not in self._places:
            taken = set(self._places.values())
            self._places[address] = min(set(range(self._kind.most)) - taken)
            name = f"{self._kind.server}{self._places[address]}"
            print(f"{name} is {written(*address)}", flush=True)
        return self._places[address]

    async def _ask(self, commands: list[str]) -> None:
        if commands:
            await ask(self._control, "; ".join(commands))

    def _limit(self, place: int, most: int) -> list[str]:
        limited = self._kind.limited
        return [f"set maxconn server {self._named(one, place)} {most}" for one in limited]

    def _at(self, place: int, address: Address) -> list[str]:
        host, port = address
        return [
            f"set server {self._named(one, place)} addr {host} port {port}"
            for one in self._kind.backends
        ]

    def _state(self, place: int, state: str) -> list[str]:
        checked = self._kind.checked
        return [f"set server {self._named(one, place)} state {state}" for one in checked]

    def _named(self, backend: str, place: int) -> str:
        return f"{backend}/{self._kind.server}{place}"
