import re
from pathlib import Path

import httpx
import pytest

from app.asgi import Application
from app.config import BatchSettings, EdgeArgs, Limits
from app.serving.dataplane import Dataplane
from app.serving.readiness import Evidence, Readiness
from deployments.bundle.bundle import BundleStore
from deployments.bundle.manifest import PreprocessingSpec, ProgramSpec
from deployments.frames import Frame
from tests.support.chains import lookup, weighing
from tests.support.manifests import parcels, store

MODEL = {"name": "parcels", "version": "1"}


def of(dataplane: Dataplane, limits: Limits | None = None) -> httpx.AsyncClient:
    """A client of the service over this."""
    args = EdgeArgs(limits=limits or Limits())
    transport = httpx.ASGITransport(Application(dataplane, args))
    return httpx.AsyncClient(transport=transport, base_url="http://windsock")


@pytest.fixture
async def starting(tmp_path: Path, limits: Limits) -> httpx.AsyncClient:
    """A client of a service in which no version serves yet."""
    dataplane = Dataplane(BundleStore(tmp_path), weighing(), "parcels")
    return of(dataplane, limits)


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
async def test_a_service_in_service_is_ok(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "model": MODEL, "problem": None, "auth": "off"}


async def test_a_service_that_starts_is_live_and_not_ready(starting: httpx.AsyncClient) -> None:
    assert (await starting.get("/health/live")).status_code == 200
    for path, status in (("/health", 200), ("/health/ready", 503)):
        health = await starting.get(path)
        assert health.status_code == status
        expected = {"status": "starting", "model": None, "problem": None, "auth": "off"}
        assert health.json() == expected


HANGS = Evidence("Model did not answer in time")
STOOD_IN = Evidence(despite=frozenset({"Features"}))
AWAY = Evidence(views=frozenset({"load"}))


@pytest.mark.parametrize(
    ("evidence", "silent", "told"),
    [
        (HANGS, {}, ("unavailable", 503, "Model did not answer in time")),
        (Evidence(), {"Model": "no replica"}, ("unavailable", 503, "Model: no replica")),
        (STOOD_IN, {"Features": "no replica"}, ("degraded", 503, "Features: no replica")),
        (AWAY, {}, ("degraded", 200, "no row is fresh in load")),
    ],
)
async def test_health_tells_apart_what_is_wrong(
    tmp_path: Path, evidence: Evidence, silent: dict[str, str], told: tuple[str, int, str]
) -> None:
    status, ready, problem = told
    now: dict[str, str] = {}
    dataplane = Dataplane(
        store(tmp_path, parcels()), weighing(), "parcels", readiness=Readiness(lambda: now)
    )
    await dataplane.activate("1", BatchSettings())
    dataplane.readiness.tell("parcels", evidence)
    now.update(silent)
    async with of(dataplane) as client:
        for path, expected in (("/health", 200), ("/health/ready", ready)):
            answer = await client.get(path)
            assert answer.status_code == expected
            assert (answer.json()["status"], answer.json()["model"]) == (status, MODEL)
            assert problem in answer.json()["problem"]
        assert (await client.head("/health/ready")).status_code == ready
        live = await client.get("/health/live")
        assert (live.status_code, live.json()["status"]) == (200, "ok")


@pytest.mark.parametrize("path", ["/models", "/openapi.json", "/docs"])
async def test_what_needs_a_version_is_unavailable_without(
    starting: httpx.AsyncClient, path: str
) -> None:
    answer = await starting.get(path)

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")


async def test_a_refused_version_is_told_while_the_old_one_serves(
    tmp_path: Path, limits: Limits
) -> None:
    async def only_the_first(frame: Frame) -> Frame:
        if frame.model.version == "2":
            raise ValueError
        return await lookup(frame)

    bundles = store(tmp_path, parcels("1"), parcels("2"))
    dataplane = Dataplane(bundles, weighing(lookup=only_the_first), "parcels")
    await dataplane.activate("1", BatchSettings())
    await dataplane.activate("2", BatchSettings())
    async with of(dataplane, limits) as client:
        for path in ("/health", "/health/ready"):
            answer = await client.get(path)
            assert answer.status_code == 200
            assert answer.json()["model"] == MODEL
            assert answer.json()["problem"].startswith("version 2 was refused;")
        assert (await client.get("/models")).json()["problem"].startswith("version 2 was refused;")


async def test_models_tells_what_is_there_and_what_serves(client: httpx.AsyncClient) -> None:
    answer = await client.get("/models")

    assert answer.json() == {
        "models": [
            {"name": "parcels", "version": "1", "active": True},
            {"name": "parcels", "version": "2", "active": False},
        ],
        "feature_service": "parcels_v1",
        "fields": {
            "depot": "string",
            "lane": "int64",
            "weight": "float64",
            "pieces": "int64",
            "insured": "bool",
            "sent_at": "timestamp",
        },
        "outputs": ["late", "cost"],
        "program_rows": None,
        "metrics": {"auc": 0.75},
        "code": None,
        "problem": None,
    }


async def test_models_tells_how_many_rows_a_program_takes_at_once(
    tmp_path: Path, limits: Limits
) -> None:
    limited = parcels().model_copy(update={"program": ProgramSpec(max_rows=100)})
    dataplane = Dataplane(store(tmp_path, limited), weighing(), "parcels")
    await dataplane.activate("1", BatchSettings())
    async with of(dataplane, limits) as client:
        assert (await client.get("/models")).json()["program_rows"] == 100


async def test_models_names_the_code_that_a_bundle_brings(
    tmp_path: Path, limits: Limits, caplog: pytest.LogCaptureFixture
) -> None:
    spec = PreprocessingSpec(kind="python", file=parcels().preprocessing.file, import_path="a:Own")
    bringing = parcels().model_copy(update={"preprocessing": spec})
    store(tmp_path, bringing)
    dataplane = Dataplane(BundleStore(tmp_path, allow_code=True), weighing(), "parcels")
    with caplog.at_level("WARNING", "ray.serve"):
        await dataplane.activate("1", BatchSettings())

    assert "parcels version 1 runs code that its bundle brings: a:Own" in caplog.text
    async with of(dataplane, limits) as client:
        assert (await client.get("/models")).json()["code"] == "a:Own"
        assert "a:Own" not in (await client.get("/health")).text


async def test_the_swagger_page_loads_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")

    assert page.headers["content-type"].startswith("text/html")
    assert "Windsock: parcels" in page.text
    links = re.findall(r"""(?:src|href)=["']([^"']+)["']|url: ["']([^"']+)["']""", page.text)
    links = [source or url for source, url in links]
    assert "/openapi.json" in links
    assert len(links) == 4
    for link in links:
        assert (await client.get(link)).status_code == 200


async def test_home_is_the_swagger_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")

    assert (answer.status_code, answer.headers["location"]) == (307, "/docs")


@pytest.mark.parametrize(
    "name", ["", "nothing.js", "../service.py", "%2e%2e/service.py", "%00", "x" * 5000]
)
async def test_only_the_pages_own_files_are_served(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/docs/assets/{name}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
