"""Requests that are refused in the protocol's own form, and how."""

from typing import Any

import httpx

from tests.support.manifests import EXAMPLE
from tests.support.oip import INFER, tensors

ROWS = [EXAMPLE, EXAMPLE | {"weight": 500.0}]


Inputs = list[dict[str, Any]]


def with_input(which: str, **changes: Any) -> Inputs:
    """The inputs of two rows, one of them changed."""
    return [one | changes if one["name"] == which else one for one in tensors(ROWS)]


async def refused(client: httpx.AsyncClient, **request: Any) -> tuple[int, str]:
    answer = await client.post(request.pop("path", INFER), **request)
    assert answer.json().keys() == {"error"}
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, answer.json()["error"]
