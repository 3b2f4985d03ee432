"""How tritonclient shows a key: in the headers, or the metadata, of each call."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import tritonclient.grpc as over_grpc
import tritonclient.grpc.aio as over_grpc_aio
import tritonclient.http as over_http
import tritonclient.http.aio as over_http_aio
from tensors import asked, columns, tell
from tritonclient.utils import InferenceServerException

ASKED = asked()
HTTP, GRPC, MODEL = ASKED["http"], ASKED["grpc"], ASKED["model"]

Headers = dict[str, str]


async def main() -> None:
    found = {}
    for way in (http, http_aio, grpc, grpc_aio):
        with_key = await _told(way, {"authorization": f"Bearer {ASKED['key']}"})
        found[way.__name__] = with_key, await _told(way, {})
    tell(found)


async def http(headers: Headers) -> Any:
    with over_http.InferenceServerClient(HTTP) as client:
        client.get_model_metadata(MODEL, headers=headers)
        return client.infer(MODEL, _inputs(over_http), headers=headers)


async def http_aio(headers: Headers) -> Any:
    async with over_http_aio.InferenceServerClient(HTTP) as client:
        return await client.infer(MODEL, _inputs(over_http), headers=headers)


async def grpc(headers: Headers) -> Any:
    with over_grpc.InferenceServerClient(GRPC) as client:
        client.get_model_metadata(MODEL, headers=headers)
        return client.infer(MODEL, _inputs(over_grpc), headers=headers)


async def grpc_aio(headers: Headers) -> Any:
    async with over_grpc_aio.InferenceServerClient(GRPC) as client:
        return await client.infer(MODEL, _inputs(over_grpc), headers=headers)


def _inputs(kind: Any) -> list[Any]:
    tensors = []
    for name, (datatype, values) in columns(ASKED["rows"], ASKED["inputs"]).items():
        tensor = kind.InferInput(name, list(values.shape), datatype)
        tensors.append(tensor.set_data_from_numpy(values))
    return tensors


async def _told(way: Callable[[Headers], Awaitable[Any]], headers: Headers) -> int | str:
    """How many rows were answered, or the status with which none was."""
    try:
        return len((await way(headers)).as_numpy(ASKED["output"]))
    except InferenceServerException as error:
        return str(error.status())


asyncio.run(main())
