"""An update on a node that a single replica fills: what is told beforehand, and what helps."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import httpx

from benchmarks.config import set_all
from tests.support.serve import FAST, deploy, read_config, serve_run


@contextmanager
def asked(url: str) -> Iterator[Counter[int | str]]:
    """What a client that asks all the time is answered meanwhile."""
    found: Counter[int | str] = Counter()
    over = Event()

    def ask() -> None:
        with httpx.Client(timeout=5) as client:
            while not over.wait(0.05):
                try:
                    found[client.get(f"{url}/models").status_code] += 1
                except httpx.HTTPError as error:
                    found[type(error).__name__] += 1

    thread = Thread(target=ask)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def test_it_is_told_and_goes_through_without_a_surge(tmp_path: Path) -> None:
    document = read_config("collapsed")
    set_all(document, "num_cpus", os.cpu_count())
    set_all(document, "max_replicas", 1)
    with serve_run(document, tmp_path, FAST) as server:
        problem = httpx.get(f"{server.url}/health").json()["problem"]
        assert "an update of Ingress has no room" in problem

        set_all(document, "max_surge_percent", 0)
        set_all(document, "max_instances", 9_999)
        with asked(server.url) as found, asked(server.fast_lane) as at_fast_lane:
            deploy(server, document, timeout_s=120)
        print(found, at_fast_lane)
        assert httpx.get(f"{server.url}/health").json()["problem"] is None
