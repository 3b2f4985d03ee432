"""How KServe's own clients show a key: in the headers, or the metadata, of each call."""

import asyncio
from collections.abc import Awaitable, Callable

from grpc import RpcError
from httpx import HTTPStatusError
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig
from tensors import asked, columns, tell

ASKED = asked()
MODEL = ASKED["model"]

Headers = dict[str, str]


async def main() -> None:
    found = {}
    for way in (http, grpc):
        with_key = await _told(way, {"authorization": f"Bearer {ASKED['key']}"})
        found[way.__name__] = with_key, await _told(way, {})
    tell(found)


async def http(headers: Headers) -> int:
    url = f"http://{ASKED['http']}"
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        told = await client.infer(url, _request(), model_name=MODEL, headers=headers)
        return len(told.outputs[0].as_numpy())


async def grpc(headers: Headers) -> int:
    async with InferenceGRPCClient(url=ASKED["grpc"]) as client:
        told = await client.infer(_request(), headers=[*headers.items()])
        return len(told.outputs[0].as_numpy())


def _request() -> InferRequest:
    tensors = []
    for name, (datatype, values) in columns(ASKED["rows"], ASKED["inputs"]).items():
        tensor = InferInput(name, list(values.shape), datatype)
        tensor.set_data_from_numpy(values, binary_data=True)
        tensors.append(tensor)
    return InferRequest(model_name=MODEL, infer_inputs=tensors, request_id="7")


async def _told(way: Callable[[Headers], Awaitable[int]], headers: Headers) -> int | str:
    """How many rows were answered, or the status with which none was."""
    try:
        return await way(headers)
    except RpcError as error:
        return str(error.code())
    except HTTPStatusError as error:
        return str(error.response.status_code)


asyncio.run(main())
