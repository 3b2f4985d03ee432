"""What KServe's own clients do with a server, over HTTP and over gRPC."""

import asyncio
from typing import Any

from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig
from tensors import answers, asked, columns, tell

ASKED = asked()
MODEL, ROWS = ASKED["model"], ASKED["rows"]
URL = f"http://{ASKED['http']}"


async def main() -> None:
    found: dict[str, Any] = {"answers": {}}
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        found["live, ready"] = [
            await client.is_server_live(URL),
            await client.is_server_ready(URL),
            await client.is_model_ready(URL, MODEL),
        ]
        for binary in (False, True):
            told = await client.infer(URL, _request(binary), model_name=MODEL)
            found["answers"][f"http {'binary' if binary else 'json'}"] = _rows(told)
    async with InferenceGRPCClient(url=ASKED["grpc"]) as client:
        found["grpc live, ready"] = [
            await client.is_server_live(),
            await client.is_server_ready(),
            await client.is_model_ready(MODEL),
        ]
        found["answers"]["grpc"] = _rows(await client.infer(_request(True)))
    tell(found)


def _request(binary: bool) -> InferRequest:
    tensors = []
    for name, (datatype, values) in columns(ROWS, ASKED["inputs"]).items():
        tensor = InferInput(name, list(values.shape), datatype)
        tensor.set_data_from_numpy(values, binary_data=binary)
        tensors.append(tensor)
    return InferRequest(model_name=MODEL, infer_inputs=tensors, request_id="7")


def _rows(response: Any) -> list[Any]:
    assert response.id == "7"
    return answers({output.name: output.as_numpy() for output in response.outputs})


asyncio.run(main())
