"""Where a Serve config file will answer, or why it will not."""

from dataclasses import dataclass
from ipaddress import ip_address

DASHBOARD = "http://127.0.0.1:8265"
"""Where Ray's dashboard answers, unless it was told otherwise."""


class ConfigError(Exception):
    """The file cannot be served; the message names the place."""


@dataclass(frozen=True)
class Target:
    """Where an application of the file will answer; ``graph`` is whether it is one of ours.

    ``auth`` is whether its clients have to show who they are, ``key`` the file that has a key of
    the local user's.
    """

    app: str
    url: str
    fast_lane: str | None
    grpc: str | None = None
    graph: bool = True
    auth: bool = True
    key: str | None = None


@dataclass(frozen=True)
class Checked:
    """A file that can be served: where its applications will answer, with which problems, and which
    code their bundles bring along."""

    applications: list[Target]
    problems: list[str]
    code: list[str]


def address(host: str, port: int) -> str:
    """The two as URLs and gRPC have them, IPv6 addresses in brackets."""
    bare = bare_host(host)
    return f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}"


def bare_host(host: str) -> str:
    """As sockets have it: an IPv6 address without brackets."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def asked_at(host: str) -> str:
    """Where this machine asks what listens on ``host``: for all interfaces, at loopback."""
    try:
        listens = ip_address(bare_host(host))
    except ValueError:
        return host
    if not listens.is_unspecified:
        return str(listens)
    return "127.0.0.1" if listens.version == 4 else "::1"


def listens_everywhere(host: str) -> bool:
    """Whether ``host`` stands for all interfaces."""
    return asked_at(host) != bare_host(host)
