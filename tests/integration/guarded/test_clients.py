"""Clients that show who they are to a running graph, at each of its doors."""

import asyncio
import re
from typing import Any

import httpx
import pytest

from tests.integration.guarded.conftest import Guarded
from tests.support.flights import NOON, departures, instances
from tests.support.serve import ROOT
from tests.support.streams import stream
from tests.support.wait import wait_until
from windsock import Prediction, Unauthenticated, Windsock


@pytest.fixture(params=["haproxy", "fast-lane"])
def url(request: pytest.FixtureRequest, guarded: Guarded) -> str:
    """Of a door, once it knows the key."""
    url = guarded.url if request.param == "haproxy" else guarded.fast_lane

    def counts() -> bool:
        return httpx.get(f"{url}/models", headers=guarded.headers, timeout=30).is_success

    wait_until(counts, "the local key", timeout_s=30)
    return url


PAGE = (ROOT / "docs" / "client.md").read_text()


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    return instances(departures(NOON, hours=6, count=3))


def test_outcomes_are_told_as_the_page_says(
    guarded: Guarded, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINDSOCK_KEY", guarded.key)
    names: dict[str, Any] = {}
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for block in (blocks[0], *(one for one in blocks if "feedback(" in one)):
        exec(block.replace("http://127.0.0.1:8001", url), names)

    with Windsock(url) as windsock:
        assert windsock.feedback(names["prediction"], True) == "known"


def test_the_python_client_predicts_and_streams_with_a_key(
    guarded: Guarded, url: str, rows: list[dict[str, Any]]
) -> None:
    with Windsock(url, key=guarded.key) as windsock:
        assert windsock.predict(rows[0]).outputs
        assert len(windsock.predict_batch(rows)) == len(rows)
        answers = [answer for _, answer in windsock.stream(rows)]
    assert [isinstance(answer, Prediction) for answer in answers] == [True] * len(rows)

    with Windsock(url, trust_env=False) as windsock:
        assert windsock.health().status == "ok"
        with pytest.raises(Unauthenticated):
            windsock.predict(rows[0])
        with pytest.raises(Unauthenticated):
            list(windsock.stream(rows))


def test_a_page_streams_with_a_ticket(
    guarded: Guarded, url: str, rows: list[dict[str, Any]]
) -> None:
    headers = {**guarded.headers, "origin": url}
    ticket = httpx.post(f"{url}/predict/stream/ticket", headers=headers, timeout=30).json()

    async def asked() -> dict[str, object]:
        async with stream(url, f"?ticket={ticket['ticket']}", [("origin", url)]) as client:
            return await client.ask(1, rows[0])

    assert "outputs" in asyncio.run(asked())
    assert ticket["ticket"] not in guarded.server.output()
