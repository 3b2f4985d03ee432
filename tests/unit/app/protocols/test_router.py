from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message

from app.asgi import Application
from app.edge.dispatch import Dispatch
from app.edge.errors import Errors
from app.edge.http import HttpCall
from app.edge.route import Cost, Route
from app.protocols.error_forms import HTTP_FORMS, form_of
from app.protocols.oip.errors import InferenceError
from app.protocols.rest.messages import ErrorBody
from app.protocols.router import Router
from app.serving.dataplane import Dataplane
from deployments.bundle.bundle import BundleStore
from tests.support.asgi import drive, http
from tests.support.calls import application
from tests.support.chains import weighing


async def tell(call: HttpCall, **names: str) -> None:
    """Answers what it was called with."""
    said = ",".join([call.method, *(f"{name}={value}" for name, value in names.items())])
    await call.answer(said.encode())


ROUTER = Router(
    [
        Route("GET", "/things/{name}", tell),
        Route("POST", "/things/{name}", tell),
        Route("GET", "/things/all", tell),
        Route("GET", "/things/{name}/parts/{part}", tell),
        Route("POST", "/make", tell),
    ]
)
HANDLE = Errors(Dispatch(Dataplane(BundleStore(Path()), weighing(), "parcels")))


async def routed_by_it(call: HttpCall) -> None:
    ROUTER.match(call)
    await HANDLE(call)


async def sent(path: str, method: str = "GET", **more: Any) -> tuple[Message, bytes]:
    (start, body), _ = await drive(application(routed_by_it), http(path, method, **more))
    return start, body["body"]


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("GET", "/things/all", b"GET"),
        ("GET", "/things/a", b"GET,name=a"),
        ("POST", "/things/a", b"POST,name=a"),
        ("HEAD", "/things/a", b"HEAD,name=a"),
        ("GET", "/things/a b/parts/\u00fc", "GET,name=a b,part=\u00fc".encode()),
    ],
)
async def test_a_route_is_found_by_path_and_method(method: str, path: str, said: bytes) -> None:
    start, body = await sent(path, method)

    assert (start["status"], body) == (200, said)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/things/all", b"GET, HEAD"),
        ("PUT", "/things/a", b"GET, HEAD, POST"),
        ("HEAD", "/make", b"POST"),
    ],
)
async def test_another_method_is_told_those_that_there_are(
    method: str, path: str, allowed: bytes
) -> None:
    start, _ = await sent(path, method)

    assert (start["status"], dict(start["headers"])[b"allow"]) == (405, allowed)


@pytest.mark.parametrize(
    "path", ["/", "/things", "/things/", "/things/a/parts", "/make/", "//make"]
)
async def test_what_is_not_there_is_not_found(path: str) -> None:
    assert (await sent(path))[0]["status"] == 404


async def test_a_redirect_keeps_the_query_and_breaks_no_line() -> None:
    start, _ = await sent("/risk/things/a\r\nb/", root_path="/risk", query_string=b"x=1")

    location = dict(start["headers"])[b"location"]
    assert (start["status"], location) == (307, b"/risk/things/a%0D%0Ab?x=1")


def test_predictions_are_what_may_be_refused_unread(app: Application) -> None:
    assert {path: form.body for path, form in app.prediction_forms.items()} == {
        "/predict": ErrorBody,
        "/predict/batch": ErrorBody,
        "/v2/models/parcels/infer": InferenceError,
    }


def test_every_route_that_answers_json_is_in_the_document(app: Application) -> None:
    assert all(route.operation for route in app.routes if route.path != "/v2/")
    assert {route.cost for route in app.routes if "predict" in route.path} == {Cost.PREDICTION}


@pytest.mark.parametrize("path", ["/v2", "/v2/", "/v2/models/a", "v2"])
def test_a_protocol_has_its_form_at_all_of_its_paths(path: str) -> None:
    assert form_of(path) is HTTP_FORMS["v2"]


@pytest.mark.parametrize("path", ["/", "", "/v2x", "/x/v2", "/predict"])
def test_all_other_paths_have_that_of_rest(path: str) -> None:
    assert form_of(path).body is ErrorBody
