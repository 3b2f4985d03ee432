"""What the document tells where clients have to show who they are."""

from typing import Any, cast

import pytest

from app.edge.guards import ERRORS, Guards
from app.serving.errors import ErrorCode
from tests.support.documents import document_of
from tests.support.manifests import parcels

ON = cast(Any, object())  # a document asks guards nothing
GUARDED = document_of(parcels(), Guards(ON, ON, [ON]))
OPEN = document_of(parcels())
BEARER = {"type": "http", "scheme": "bearer"}


def operations(document: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


@pytest.mark.parametrize(
    ("operation", "needed"),
    [
        ("POST /predict", ["predict"]),
        ("POST /predict/batch", ["predict"]),
        ("POST /predict/stream/ticket", ["predict"]),
        ("POST /v2/models/{model}/infer", ["predict"]),
        ("GET /models", []),
        ("GET /v2", []),
        ("GET /health", None),
        ("GET /health/ready", None),
        ("GET /v2/models/{model}/ready", None),
    ],
)
def test_each_operation_says_who_may(operation: str, needed: list[str] | None) -> None:
    told = operations(GUARDED)[operation]

    codes = {
        one for said in told["responses"].values() for one in said["description"].split(" or ")
    }
    if needed is None:
        assert "security" not in told
        assert not codes & {code.code for code in ERRORS}
    else:
        assert told["security"] == [{"bearer": needed}]
        assert ErrorCode.UNAUTHENTICATED.code in codes
        assert (ErrorCode.FORBIDDEN.code in codes) == bool(needed)


def test_the_scheme_is_one_that_the_page_and_generators_know() -> None:
    schemes = GUARDED["components"]["securitySchemes"]

    assert schemes["bearer"].items() >= BEARER.items()


def test_a_stream_says_it_too_and_what_a_browser_does_instead() -> None:
    stream = GUARDED["x-websockets"]["/predict/stream"]

    assert stream["security"] == [{"bearer": ["predict"]}]
    (ticket,) = [one for one in stream["parameters"] if one["name"] == "ticket"]
    assert "/predict/stream/ticket" in ticket["description"]


def test_where_nobody_has_to_nothing_is_said() -> None:
    assert "securitySchemes" not in OPEN["components"]
    assert "/predict/stream/ticket" not in OPEN["paths"]
    for operation in operations(OPEN).values():
        assert "security" not in operation
        assert operation["responses"].keys().isdisjoint({"401", "403"})
