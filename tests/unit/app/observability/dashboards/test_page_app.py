from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from app.observability.dashboards.all import DASHBOARDS
from app.observability.dashboards.grafana import document
from app.observability.dashboards.page_app import page_app
from tests.support.serve import free_port


@asynccontextmanager
async def asking(
    prometheus: str, host: str = "127.0.0.1:3000", *, loopback: bool = True
) -> AsyncIterator[httpx.AsyncClient]:
    app = page_app(prometheus, loopback=loopback)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
        yield client


@pytest.fixture
def nobody() -> str:
    return f"http://127.0.0.1:{free_port()}"


async def test_the_json_is_grafanas(nobody: str) -> None:
    async with asking(nobody) as client:
        told = (await client.get("/dashboards.json")).json()
        assert [one["uid"] for one in told] == [one.uid for one in DASHBOARDS]
        for one in DASHBOARDS:
            assert (await client.get(f"/dashboards/{one.uid}.json")).json() == document(one)


@pytest.mark.parametrize(
    "path",
    [
        "/", "/main.js", "/style.css", "/vendor/uplot/uPlot.iife.min.js", "/vendor/uplot/LICENSE",
        "/dashboards.json", "/nowhere",
    ],
)  # fmt: skip
async def test_a_browser_is_held_to_this_page_alone(nobody: str, path: str) -> None:
    async with asking(nobody) as client:
        answer = await client.get(path)
    assert answer.status_code == (404 if path == "/nowhere" else 200)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["localhost:3000", "127.0.0.1:3000", "[::1]:3000", "localhost"])
async def test_this_machines_own_names_are_answered(nobody: str, host: str) -> None:
    async with asking(nobody, host) as client:
        assert (await client.get("/")).is_success


@pytest.mark.parametrize("host", ["evil.example.com", "127.0.0.1.evil.example.com:3000"])
async def test_another_name_that_leads_here_is_refused(nobody: str, host: str) -> None:
    async with asking(nobody, host) as client:
        refused = await client.get("/dashboards.json")
    assert refused.status_code == 421
    assert "--host" in refused.text  # as `windsock dashboards` calls it
    async with asking(nobody, host, loopback=False) as client:
        assert (await client.get("/dashboards.json")).is_success


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/api/v1/query", "/api/v1/query_range", "/dashboards.json"])
async def test_nothing_but_questions(nobody: str, method: str, path: str) -> None:
    async with asking(nobody) as client:
        assert (await client.request(method, path)).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/admin/tsdb/delete_series", "/api/v1/targets",
        "/api/v1/label/a%2F..%2F..%2Fb/values", "/api/v1/status/config", "/-/quit",
        "/..%2f..%2fpage_app.py", "/dashboards/none.json",
    ],
)  # fmt: skip
async def test_no_other_path_is_let_through(nobody: str, path: str) -> None:
    async with asking(nobody) as client:
        assert (await client.get(path)).status_code in (400, 404)
