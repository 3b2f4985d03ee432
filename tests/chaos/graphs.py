"""Graphs to break: each is the shipped config as `windsock up` serves it, on a copy of the shipped
store, distributed on Redis, collapsed on SQLite."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pandas as pd

from benchmarks.bodies import instances, served_instant, write
from benchmarks.config import set_all
from benchmarks.processes import running
from tests.chaos.kinds import Kind
from tests.chaos.site import Site, resize
from tests.support.flights import fill, shipped_store
from tests.support.redis import breakable_redis
from tests.support.serve import FAST, PLAIN, ROOT, free_port, read_config, script, up
from tests.support.wait import wait_until

_ENVIRONMENTS: Mapping[str, Mapping[str, str]] = {"haproxy": FAST, "python-proxy": PLAIN}
_CACHE_TTL_S = 0.5
_CACHE_ROWS = 5000
_ARRIVAL_S = 2


class Graphs:
    """Of one layout, one at a time: whoever asks for one behind other proxies ends that which
    runs."""

    def __init__(self, layout: str, folder: Path) -> None:
        self._layout = layout
        self._folder = folder
        self._stack = ExitStack()
        self._proxy: str | None = None
        self._fronts: dict[str, str] = {}

    def __call__(self, kind: Kind) -> Site:
        """The one that there is of this kind, whole."""
        if self._proxy != kind.proxy:
            self.close()
            folder = self._folder / kind.proxy
            folder.mkdir(exist_ok=True)
            self._graph = self._stack.enter_context(graph(self._layout, kind, folder))
            self._proxy = kind.proxy
        self._graph.resize(kind.replicas)
        self._graph.whole()
        return replace(self._graph, door=kind.door, url=self._url(kind.door))

    def close(self) -> None:
        self._proxy = None
        self._fronts = {}
        self._stack.close()

    def _url(self, door: str) -> str:
        if door != "front":
            return _url(self._graph, door)
        if door not in self._fronts:
            self._fronts[door] = self._stack.enter_context(front(self._graph))
        return self._fronts[door]


@contextmanager
def graph(
    layout: str, kind: Kind, folder: Path, env: Mapping[str, str] | None = None
) -> Iterator[Site]:
    """One that runs for the length of a block; it has no front yet. ``env`` is that of its kind by
    default."""
    with ExitStack() as stack:
        if layout == "distributed":
            redis = stack.enter_context(breakable_redis(folder))
            online = {"type": "redis", "connection_string": f"localhost:{redis.port}"}
            store, yaml = shipped_store(folder, online)
            fill(store, pd.Timestamp(served_instant()))
            redis.save()
        else:
            redis = None
            path = str(folder / "online_store.db")
            store, yaml = shipped_store(folder, {"type": "sqlite", "path": path})
        document = _document(layout, kind.replicas, yaml)
        server = stack.enter_context(up(document, folder, env or _ENVIRONMENTS[kind.proxy]))
        bodies = write(instances(), folder / "bodies.jsonl")
        site = Site(
            layout,
            kind.door,
            server.url,
            kind.replicas,
            server,
            store,
            folder,
            document,
            bodies,
            redis,
        )
        yield replace(site, url=_url(site, kind.door))


@contextmanager
def front(site: Site) -> Iterator[str]:
    """The address of `windsock front` before the graph's fast lane."""
    listen = f"127.0.0.1:{free_port()}"
    url = f"http://{listen}"
    command = [script("windsock"), "front", "--listen", listen, "--dashboard"]
    with running([*command, site.server.dashboard], site.folder / "front.log", ROOT):
        wait_until(lambda: _answers(url), "the front before the fast lane")
        yield url


def _url(site: Site, door: str) -> str:
    return site.server.fast_lane if door == "fast-lane" else site.server.url


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready").is_success
    except httpx.HTTPError:
        return False


def _document(layout: str, replicas: int, store_yaml: Path) -> dict[str, Any]:
    document = read_config(layout)
    document["applications"][0]["args"]["feature_store"]["yaml"] = str(store_yaml)
    resize(document, replicas)
    # Two of everything and, in an update, two more: it is the machine that has two cores.
    set_all(document, "num_cpus", 0.1)
    # Most requests read the store, as those for keys that the cache has not met always do.
    set_all(document, "cache_ttl_s", _CACHE_TTL_S)
    # Requests for keys that nobody has fill it to its bound at once: it is not what grows after.
    set_all(document, "cache_rows", _CACHE_ROWS)
    # A scenario does not last long enough to see the shipped one pass.
    set_all(document, "arrival_s", _ARRIVAL_S)
    return document
