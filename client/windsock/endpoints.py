"""The endpoints of a client in the order of preference, and which of them are down. No I/O."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from threading import Lock
from urllib.parse import urlsplit

import httpx

from windsock.errors import Misconfigured
from windsock.proxies import Proxy

# One that is asked all the time and has had no good answer for so long is down: shorter, and a
# burst of refusals or a replica that dies would move everybody to another region.
_PATIENCE_S = 2.0
# Healthy checks in a row after which it is used again. Twice as many each time that it falls again
# soon after its return, up to a limit: some are healthy only as long as nobody uses them.
_CHECKS = 2
_MOST_CHECKS = 64
_STEADY_S = 60.0


@dataclass(slots=True, eq=False)
class Endpoint:
    """An address of the service, and the proxy before it, if any; all else belongs to
    ``Endpoints``."""

    url: str
    place: int
    proxy: Proxy | None = None
    down: bool = False
    good_at: float = -inf
    bad_since: float | None = None
    healthy_checks: int = 0
    checks_needed: int = _CHECKS
    returned_at: float = -inf

    @property
    def way(self) -> str:
        """For messages: through which proxy, if any."""
        return f" through {self.proxy}" if self.proxy else ""


class Endpoints:
    """Shared by all calls of a client, from any thread. Times are of ``clock``, in seconds."""

    def __init__(
        self,
        urls: str | Sequence[str],
        clock: Callable[[], float],
        proxy_of: Callable[[str], Proxy | None] = lambda url: None,
    ) -> None:
        listed = [urls] if isinstance(urls, str) else list(urls)
        checked = [_checked(url) for url in listed]
        if not checked:
            raise Misconfigured("a client needs the address of at least one endpoint")
        if len(set(checked)) < len(checked):
            raise Misconfigured(f"an endpoint is named twice: {', '.join(listed)}")
        self.all = [Endpoint(url, place, proxy_of(url)) for place, url in enumerate(checked)]
        self._clock = clock
        self._lock = Lock()

    def afresh(self) -> "Endpoints":
        """The same, of which nothing is known."""
        ways = {one.url: one.proxy for one in self.all}
        return Endpoints(list(ways), self._clock, ways.get)

    @property
    def preferred(self) -> Endpoint:
        """The first that is up; the first where none is."""
        return next((one for one in self.all if not one.down), self.all[0])

    @property
    def down(self) -> list[Endpoint]:
        """Those whose return is looked for."""
        return [one for one in self.all if one.down]

    def pause(self, interval_s: float) -> float:
        """Seconds to the next health checks, drawn: those of many clients must not come at once."""
        return interval_s * random.uniform(0.8, 1.2)

    def good(self, endpoint: Endpoint) -> None:
        """It answered."""
        with self._lock:
            endpoint.good_at = self._clock()
            endpoint.bad_since = None

    def bad(self, endpoint: Endpoint, begun: float, *, unreachable: bool = False) -> None:
        """It failed at a try that had ``begun`` then. It is down if it was ``unreachable``, or has
        given nothing good for some time."""
        with self._lock:
            now = self._clock()
            if endpoint.bad_since is None:
                endpoint.bad_since = max(begun, endpoint.good_at)
            # A single one is asked whatever has been.
            if len(self.all) == 1 or endpoint.down:
                return
            if unreachable or now - endpoint.bad_since >= _PATIENCE_S:
                endpoint.down = True
                endpoint.healthy_checks = 0
                steady = now - endpoint.returned_at >= _STEADY_S
                needed = _CHECKS if steady else 2 * endpoint.checks_needed
                endpoint.checks_needed = min(needed, _MOST_CHECKS)

    def checked(self, endpoint: Endpoint, healthy: bool) -> None:
        """What a health check of one that is down has come to."""
        with self._lock:
            endpoint.healthy_checks = endpoint.healthy_checks + 1 if healthy else 0
            if endpoint.healthy_checks >= endpoint.checks_needed:
                endpoint.down = False
                endpoint.bad_since = None
                endpoint.returned_at = self._clock()


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
            raise ValueError("give it as http://host:port")
        if any(one.isspace() for one in url):
            raise ValueError("it holds a space")
        httpx.URL(url)
        host.encode("idna")
    except (ValueError, TypeError, AttributeError, httpx.InvalidURL) as error:
        raise Misconfigured(f"{url!r} is not the address of a service: {error}") from error
    return url.rstrip("/")
