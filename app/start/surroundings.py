"""What a start wants of this machine: ports, room on its disks, open files. All of it is looked at
first, since Ray would tell it late, in many lines, and seldom by name."""

import resource
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from app.start.address import ConfigError
from app.start.claim import claimed
from app.start.disk import check_places, log_place, places
from app.start.doors import Door, check_doors, check_free, doors, local
from app.start.environment import number


def check_machine(environment: Mapping[str, str]) -> None:
    """Refuse places without room, and limits, with which a start with this environment would fail.
    Raises ConfigError."""
    if local(environment):
        check_places(places(environment))
        if environment.get("RAY_SERVE_ENABLE_HA_PROXY") == "1":
            _check_open_files(environment)
    else:
        check_places(iter([log_place()]))


@contextmanager
def claimed_doors(document: Mapping[str, Any], environment: Mapping[str, str]) -> Iterator[None]:
    """Within the block the ports of all doors that a start of ``document`` (a Serve config file as
    YAML) opens are free for it, and no other start's. Raises ConfigError."""
    opened = _doors(document, environment) if local(environment) else ()
    check_doors(opened)
    with claimed(door.port for door in opened if door.ports == 1):
        check_free(opened)
        yield


def _check_open_files(environment: Mapping[str, str]) -> None:
    """Those that HAProxy would not start without."""
    _, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = _of_haproxy(number(environment, "RAY_SERVE_HAPROXY_MAXCONN", 4096))
    if allowed != resource.RLIM_INFINITY and allowed < needed:
        raise ConfigError(
            f"a process may open {allowed} files here, and HAProxy needs {needed}: raise the limit "
            "(ulimit -Hn, LimitNOFILE of systemd, --ulimit nofile of docker), or lower "
            "RAY_SERVE_HAPROXY_MAXCONN"
        )


def _of_haproxy(connections: int) -> int:
    """What it wants: two a connection, two for each fourth of them (splicing), and its own, of
    which there were 28."""
    return connections * 2 + connections // 2 + 100


def _doors(document: Mapping[str, Any], environment: Mapping[str, str]) -> Sequence[Door]:
    try:
        return doors(document, environment)
    except (AttributeError, TypeError, ValueError):
        return ()  # the file is not of this shape: its check says where
