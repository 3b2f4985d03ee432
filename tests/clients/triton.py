"""All that tritonclient does with a server: four clients, each in each of its ways."""

import asyncio
from typing import Any

import tritonclient.grpc as over_grpc
import tritonclient.grpc.aio as over_grpc_aio
import tritonclient.http as over_http
import tritonclient.http.aio as over_http_aio
from tensors import answers, asked, columns, tell
from tritonclient.utils import InferenceServerException

ASKED = asked()
MODEL, VERSION, ROWS = ASKED["model"], ASKED["version"], ASKED["rows"]


def main() -> None:
    found: dict[str, Any] = {}
    with over_http.InferenceServerClient(ASKED["http"]) as client:
        metadata = client.get_model_metadata(MODEL)
        inputs = metadata["inputs"]
        names = [output["name"] for output in metadata["outputs"]]
        found["metadata"] = metadata, client.get_server_metadata()
        found["http live, ready"] = [
            client.is_server_live(),
            client.is_server_ready(),
            client.is_model_ready(MODEL),
            client.is_model_ready(MODEL, VERSION),
        ]
        found["http unready"] = [client.is_model_ready("nobody"), client.is_model_ready(MODEL, "0")]
        found["answers"] = {
            "http json": _rows(client.infer(MODEL, **_http(inputs, names, False), request_id="7")),
            "http binary": _rows(
                client.infer(MODEL, **_http(inputs, names, True), model_version=VERSION)
            ),
            "http default outputs": _rows(
                client.infer(MODEL, _http(inputs, names, True)["inputs"])
            ),
            "http gzip": _rows(
                client.infer(
                    MODEL,
                    **_http(inputs, names, True),
                    request_compression_algorithm="gzip",
                    response_compression_algorithm="gzip",
                )
            ),
            "http deflate": _rows(
                client.infer(
                    MODEL,
                    **_http(inputs, names, False),
                    request_compression_algorithm="deflate",
                    response_compression_algorithm="deflate",
                )
            ),
            "http aio": asyncio.run(_http_aio(inputs, names)),
        }
        found["http refused"] = _refused(client, _http(inputs, names, True), over_http)
        found["one output"] = sorted(
            output["name"]
            for output in client.infer(
                MODEL,
                _http(inputs, names, True)["inputs"],
                outputs=[over_http.InferRequestedOutput(names[0])],
            ).get_response()["outputs"]
        )
    with over_grpc.InferenceServerClient(ASKED["grpc"]) as client:
        told = client.get_model_metadata(MODEL, as_json=True)
        found["grpc metadata"] = told, client.get_server_metadata(as_json=True)
        found["grpc live, ready"] = [
            client.is_server_live(),
            client.is_server_ready(),
            client.is_model_ready(MODEL),
            client.is_model_ready(MODEL, VERSION),
        ]
        found["answers"]["grpc"] = _rows(
            client.infer(
                MODEL,
                **_grpc(inputs, names),
                model_version=VERSION,
                request_id="7",
                client_timeout=30,
            )
        )
        found["answers"]["grpc aio"] = asyncio.run(_grpc_aio(inputs, names))
        found["grpc refused"] = _refused(client, _grpc(inputs, names), over_grpc)
    tell(found)


def _http(inputs: list[Any], names: list[str], binary: bool) -> dict[str, list[Any]]:
    tensors = []
    for name, (datatype, values) in columns(ROWS, inputs).items():
        tensor = over_http.InferInput(name, list(values.shape), datatype)
        tensors.append(tensor.set_data_from_numpy(values, binary_data=binary))
    outputs = [over_http.InferRequestedOutput(name, binary_data=binary) for name in names]
    return {"inputs": tensors, "outputs": outputs}


def _grpc(inputs: list[Any], names: list[str]) -> dict[str, list[Any]]:
    tensors = []
    for name, (datatype, values) in columns(ROWS, inputs).items():
        tensor = over_grpc.InferInput(name, list(values.shape), datatype)
        tensors.append(tensor.set_data_from_numpy(values))
    outputs = [over_grpc.InferRequestedOutput(name) for name in names]
    return {"inputs": tensors, "outputs": outputs}


async def _http_aio(inputs: list[Any], names: list[str]) -> list[Any]:
    async with over_http_aio.InferenceServerClient(ASKED["http"]) as client:
        assert await client.is_model_ready(MODEL)
        return _rows(await client.infer(MODEL, **_http(inputs, names, True)))


async def _grpc_aio(inputs: list[Any], names: list[str]) -> list[Any]:
    async with over_grpc_aio.InferenceServerClient(ASKED["grpc"]) as client:
        assert await client.is_model_ready(MODEL)
        return _rows(await client.infer(MODEL, **_grpc(inputs, names)))


def _rows(result: Any) -> list[Any]:
    response = result.get_response()
    outputs = response["outputs"] if isinstance(response, dict) else response.outputs
    names = [one["name"] if isinstance(one, dict) else one.name for one in outputs]
    return answers({name: result.as_numpy(name) for name in names})


def _refused(client: Any, sound: dict[str, list[Any]], kind: Any) -> dict[str, Any]:
    """What each mistake is answered, and that the same client goes on."""
    tensors, outputs = sound["inputs"], sound["outputs"]
    wrong = kind.InferInput("nothing", [1], "INT64")
    wrong.set_data_from_numpy(columns([{"nothing": 1}], [_NOTHING])["nothing"][1])
    mistakes = {
        "unknown model": ("nobody", tensors, outputs, ""),
        "unknown version": (MODEL, tensors, outputs, "0"),
        "missing input": (MODEL, tensors[1:], outputs, ""),
        "unknown input": (MODEL, [*tensors, wrong], outputs, ""),
        "unknown output": (MODEL, tensors, [kind.InferRequestedOutput("nothing")], ""),
    }
    found: dict[str, Any] = {}
    for name, (model, inputs, wanted, version) in mistakes.items():
        try:
            client.infer(model, inputs, model_version=version, outputs=wanted)
        except InferenceServerException as error:
            found[name] = error.status(), error.message()
    client.infer(MODEL, tensors, outputs=outputs)
    return found


_NOTHING = {"name": "nothing", "datatype": "INT64"}

main()
