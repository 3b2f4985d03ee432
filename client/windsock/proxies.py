"""The way to an endpoint: directly, or through the proxy that the environment names."""

import os
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.request import getproxies_environment

import httpx

from windsock.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and the variable that names it."""

    url: str
    variable: str

    @property
    def socks(self) -> bool:
        return self.url.startswith("socks")

    def __str__(self) -> str:
        return f"the proxy of {self.variable}, {_without_password(self.url)}"


def proxy_of(url: str) -> Proxy | None:
    """The proxy for this address; None where the environment names none for it, and for the
    machine itself, which no proxy can reach. Raises Misconfigured, which names the variable."""
    address = httpx.URL(url)
    proxies = getproxies_environment()
    value = proxies.get(address.scheme) or proxies.get("all")
    if not value or is_own(address.host) or _spared(address, proxies.get("no", "")):
        return None
    names = (f"{address.scheme}_proxy", f"{address.scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    proxy = Proxy(
        value if "://" in value else f"http://{value}",
        next((name for name in names if os.environ.get(name)), names[0]),
    )
    try:
        way = httpx.Proxy(proxy.url).url
        if not way.host:
            raise ValueError("it names no host")
        if way.port is not None and not 0 < way.port < 2**16:
            raise ValueError(f"there is no port {way.port}")
        if proxy.socks and find_spec("socksio") is None:
            raise ValueError("SOCKS needs more: pip install 'windsock-client[socks]'")
    except (ValueError, httpx.InvalidURL) as error:
        raise Misconfigured(
            f"{proxy.variable} is {_without_password(value)!r}, through which {url} cannot be "
            f"asked ({error}): correct it, put {address.host} into NO_PROXY, or give the client "
            "trust_env=False"
        ) from error
    return proxy


def is_own(host: str) -> bool:
    """Whether this name or address is certainly this machine's."""
    try:
        address = ip_address(host)
    except ValueError:
        name = host.lower()
        own = ("localhost", socket.gethostname().lower())
        return name in own or name.endswith(".localhost")
    version6 = isinstance(address, IPv6Address)
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    if address.is_loopback or address.is_unspecified:
        return True
    family = socket.AF_INET6 if version6 else socket.AF_INET
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))  # which the kernel grants for addresses of the machine alone
        return True
    return False


def _spared(address: httpx.URL, no_proxy: str) -> bool:
    """Whether NO_PROXY has it: a name with all below it, an address, a network; ``*`` is all."""
    port = address.port or (443 if address.scheme == "https" else 80)
    entries = (entry.strip().lower() for entry in no_proxy.split(","))
    return any(_covers(entry, address.host.lower(), port) for entry in entries if entry)


def _covers(entry: str, host: str, port: int) -> bool:
    entry = entry.rpartition("://")[2]
    if entry == "*":
        return True
    if with_port := re.fullmatch(r"(\[.+\]|[^:]+):(\d+)", entry):
        return int(with_port[2]) == port and _covers(with_port[1], host, port)
    with suppress(ValueError):
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    domain = entry.removeprefix("*").removeprefix(".")
    return host == domain or host.endswith(f".{domain}")


def _without_password(url: str) -> str:
    # Up to the last @: one that is not quoted, as / is, belongs to the password.
    return re.sub(r"^(\w+://)?.*@", r"\1***@", url)
