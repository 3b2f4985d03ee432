"""What a running service listens on, and what docs/security.md says that it may."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

import psutil

from tests.support.processes import command, family
from tests.support.serve import ROOT, Server

PAGE = ROOT / "docs" / "security.md"
_LOOPBACK, _EVERYWHERE = "this machine", "every interface"
_ROW = re.compile(r"^\| `([^`]+)` \|([^|]*)\|[^|]*\|([^|]*)\|", re.MULTILINE)


@dataclass(frozen=True)
class Declared:
    """A row: how the process is called, its ports by their defaults (none: any), and where."""

    process: str
    ports: frozenset[str]
    where: str


@dataclass(frozen=True)
class Listening:
    """A socket of a process that listens."""

    words: tuple[str, ...]
    host: str
    port: int


def declared() -> list[Declared]:
    """The rows of the table."""
    _, _, rest = PAGE.read_text().partition("\n## Ports\n")
    section = rest.partition("\n## ")[0]
    return [
        Declared(process, frozenset(re.findall(r"\d+", ports)), where.strip())
        for process, ports, where in _ROW.findall(section)
    ]


def listening(server: Server) -> Iterator[Listening]:
    """All of the service's, over TCP."""
    for process in family(server):
        try:
            connections = process.net_connections("tcp")
        except psutil.Error:
            continue  # it has just ended
        first = command(process)[:4]  # a title, or a program by its path and what it runs
        words = (*first, *(word.rpartition("/")[2] for word in first))
        for one in connections:
            if one.status == psutil.CONN_LISTEN and one.laddr:
                yield Listening(words, one.laddr.ip, one.laddr.port)


def undeclared(found: Listening, rows: list[Declared], usual: Mapping[int, str]) -> str | None:
    """Why the page does not allow this; ``usual`` are the default ports of those that are others
    here."""
    ours = [row for row in rows if any(word.startswith(row.process) for word in found.words)]
    port = usual.get(found.port)
    # Ray gives its workers ports among which those of the table may be.
    ours = [row for row in ours if port in row.ports] or [row for row in ours if not row.ports]
    host = ip_address(found.host)
    mapped = getattr(host, "ipv4_mapped", None) or host
    if mapped.is_unspecified:
        ours = [row for row in ours if row.where == _EVERYWHERE]
    elif not mapped.is_loopback:
        ours = [row for row in ours if row.where != _LOOPBACK]
    return None if ours else f"{found} is not in the table of ports ({port or 'any'})"
