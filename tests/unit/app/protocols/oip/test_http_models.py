from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from app.asgi import Application
from app.config import BatchSettings, EdgeArgs, Limits
from app.protocols.oip.models import features_output
from app.serving.dataplane import Dataplane
from app.serving.readiness import Evidence
from app.serving.served_version import ServedVersion
from deployments.bundle.bundle import BundleStore
from tests.support.chains import weighing
from tests.support.manifests import manifest, parcels, store
from tests.support.oip import DATATYPES

MODEL = "/v2/models/parcels"


def _input(name: str, kind: str) -> dict[str, object]:
    parameters = {"type": kind}
    return {"name": name, "datatype": DATATYPES[name], "shape": [-1], "parameters": parameters}


@pytest.fixture
async def starting(tmp_path: Path, limits: Limits) -> httpx.AsyncClient:
    """A client of a service in which no version serves yet."""
    store(tmp_path, parcels())
    dataplane = Dataplane(BundleStore(tmp_path), weighing(), "parcels")
    transport = httpx.ASGITransport(Application(dataplane, EdgeArgs(limits=limits)))
    return httpx.AsyncClient(transport=transport, base_url="http://windsock")


@pytest.mark.parametrize("path", ["/v2", "/v2/"])
async def test_the_server_tells_its_name_and_extensions(
    client: httpx.AsyncClient, path: str
) -> None:
    assert (await client.get(path)).json() == {
        "name": "windsock",
        "version": version("windsock-server"),
        "extensions": ["binary_tensor_data"],
    }


@pytest.mark.parametrize("path", [MODEL, f"{MODEL}/versions/1"])
async def test_the_model_tells_its_tensors(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).json() == {
        "name": "parcels",
        "versions": ["1", "2"],
        "platform": "pytorch_export",
        "inputs": [
            _input("depot", "string"),
            _input("lane", "int64"),
            _input("weight", "float64"),
            _input("pieces", "int64"),
            _input("insured", "bool"),
            _input("sent_at", "timestamp"),
        ],
        "outputs": [
            {"name": "late", "datatype": "FP32", "shape": [-1]},
            {"name": "cost", "datatype": "FP32", "shape": [-1]},
            {"name": "features", "datatype": "BYTES", "shape": [-1]},
        ],
    }


async def test_an_output_of_several_numbers_has_a_second_dimension(tmp_path: Path) -> None:
    wide = manifest()
    wide.outputs[0].shape = [3]
    dataplane = Dataplane(store(tmp_path, wide), weighing(), "parcels")
    dataplane.in_service["parcels"] = ServedVersion(wide, weighing(), BatchSettings())
    transport = httpx.ASGITransport(Application(dataplane, EdgeArgs()))
    async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
        outputs = (await client.get(MODEL)).json()["outputs"]

    assert outputs[0] == {"name": "late", "datatype": "FP32", "shape": [-1, 3]}


def test_a_model_may_have_an_output_of_any_name() -> None:
    assert features_output(manifest(outputs=["late"])) == "features"
    assert features_output(manifest(outputs=["features", "_features"])) == "__features"


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/v2/health/live", 200, {"live": True}),
        ("/v2/health/ready", 200, {"live": True, "ready": True}),
        (f"{MODEL}/ready", 200, {"name": "parcels", "ready": True}),
        (f"{MODEL}/versions/1/ready", 200, {"name": "parcels", "ready": True}),
        (f"{MODEL}/versions/2/ready", 503, {"name": "parcels", "ready": False}),
    ],
)
async def test_readiness(
    client: httpx.AsyncClient, path: str, status: int, body: dict[str, object]
) -> None:
    answer = await client.get(path)

    assert (answer.status_code, answer.json()) == (status, body)


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/v2/health/live", 200, {"live": True}),
        ("/v2/health/ready", 503, {"live": True, "ready": False}),
        (f"{MODEL}/ready", 503, {"name": "parcels", "ready": False}),
        (f"{MODEL}/versions/1/ready", 503, {"name": "parcels", "ready": False}),
    ],
)
async def test_readiness_of_a_service_that_starts(
    starting: httpx.AsyncClient, path: str, status: int, body: dict[str, object]
) -> None:
    answer = await starting.get(path)

    assert (answer.status_code, answer.json()) == (status, body)


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/v2/health/live", 200, {"live": True}),
        ("/v2/health/ready", 503, {"live": True, "ready": False}),
        (f"{MODEL}/ready", 503, {"name": "parcels", "ready": False}),
        (f"{MODEL}/versions/1/ready", 503, {"name": "parcels", "ready": False}),
    ],
)
async def test_readiness_of_a_service_of_which_a_stage_hangs(
    client: httpx.AsyncClient, dataplane: Dataplane, path: str, status: int, body: dict[str, object]
) -> None:
    dataplane.readiness.tell("parcels", Evidence("Model did not answer in time"))
    answer = await client.get(path)

    assert (answer.status_code, answer.json()) == (status, body)


async def test_a_service_that_starts_has_no_metadata_yet(starting: httpx.AsyncClient) -> None:
    answer = await starting.get(MODEL)

    assert (answer.status_code, answer.json().keys()) == (503, {"error"})


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/v2/models/nobody", 404, "there is no model 'nobody': this server has 'parcels'"),
        ("/v2/models/nobody/ready", 404, "there is no model 'nobody'"),
        (f"{MODEL}/versions/7", 404, "there is no version '7' of 'parcels'"),
        (f"{MODEL}/versions/7/ready", 404, "there is no version '7' of 'parcels'"),
        (f"{MODEL}/versions/2", 409, "version '2' of 'parcels' is not in service: '1' is"),
        ("/v2/models", 404, "Not Found"),
        (f"{MODEL}/versions", 404, "Not Found"),
        (f"{MODEL}/steps", 404, "Not Found"),
    ],
)
async def test_what_there_is_not(
    client: httpx.AsyncClient, path: str, status: int, told: str
) -> None:
    answer = await client.get(path)

    assert (answer.status_code, answer.json().keys()) == (status, {"error"})
    assert told in answer.json()["error"]


@pytest.mark.parametrize("path", ["/v2", "/v2/health/live", MODEL, f"{MODEL}/ready"])
async def test_what_is_told_is_only_read(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path)

    assert (answer.status_code, answer.json().keys()) == (405, {"error"})
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
    get, head = await client.get(path), await client.head(path)
    assert head.headers["content-length"] == get.headers["content-length"]
