"""Ports that are this start's. Of two in the same second, both would find them free."""

import socket
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from app.start.address import ConfigError
from app.start.ports import process

_BESIDE = (
    'end it, or give this one ports and files of its own by eval "$(windsock env --beside 12000)", '
    "and other ports in its config file"
)


@contextmanager
def claimed(ports: Iterable[int]) -> Iterator[None]:
    """Within the block no other start has these ports. Raises ConfigError, which names the one
    that has.

    Linux keeps a socket with such a name (``unix(7)``, abstract) wherever it keeps a port, and no
    longer than its process: no file is left, and none is needed on a full disk. Elsewhere two
    starts in one second meet at the ports.
    """
    with ExitStack() as held:
        for port in sorted(set(ports)) if sys.platform == "linux" else ():
            name = f"\0windsock-port-{port}"
            claim = held.enter_context(socket.socket(socket.AF_UNIX))
            try:
                claim.bind(name)
                claim.listen()
            except OSError as error:
                raise ConfigError(
                    f"another windsock has port {port}, {_owner(name)}: {_BESIDE}"
                ) from error
        yield


def _owner(name: str) -> str:
    """Who listens there, in words."""
    try:
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(name)
            size = struct.calcsize("3i")
            told = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    except OSError:  # it has ended just now, or has only just bound
        return "which cannot be seen from here"
    return process(struct.unpack("3i", told)[0])
