"""Every way to ask for rows over the Open Inference Protocol."""

import json
from typing import Any

import numpy as np

from app.protocols.oip.binary import HEADER
from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from tests.support.oip import decoded, encoded, outputs_behind
from tests.unit.app.protocols.types.cases import JSON, Case, Value
from tests.unit.app.protocols.types.service import MODEL, OUTPUTS, Service
from tests.unit.app.protocols.types.told import Told, Values

Tensor = dict[str, Any]
"""As the JSON of a request has it, its data flat and as Python has them."""

INFER = f"/v2/models/{MODEL}/infer"
_CONTENTS = {
    **{"BYTES": "bytes_contents", "BOOL": "bool_contents", "INT64": "int64_contents"},
    **{"INT32": "int_contents", "UINT8": "uint_contents"},
    **{"FP32": "fp32_contents", "FP64": "fp64_contents"},
}


async def oip_json(service: Service, name: str, case: Case, values: Values) -> Told:
    """Data in the JSON, flat."""
    tensor = _tensor(name, case, values)
    if "parameters" not in tensor and case.oip == "BYTES":
        tensor["data"] = _flat([value and value.sent for value in values], tensor)
    return await _asked_in_json(service, tensor)


async def oip_json_nested(service: Service, name: str, case: Case, values: Values) -> Told:
    """Data in the JSON in the form of their shape, in which a row may be null."""
    tensor: Tensor = {"name": name, "datatype": case.oip, "shape": [len(values), 1]}
    data: list[Any] = [value and value.sent for value in values]
    if case.oip == JSON:
        tensor["datatype"], data = (
            "BYTES",
            [None if one is None else json.dumps(one) for one in data],
        )
    if case.oip != JSON and isinstance(data[0], list):
        tensor["shape"] = [len(values), len(data[0])]
        tensor["data"] = data
    else:
        tensor["data"] = [[one] for one in data]
    return await _asked_in_json(service, tensor)


async def oip_binary(service: Service, name: str, case: Case, values: Values) -> Told:
    """Data behind the JSON, both ways."""
    head: dict[str, Any] = {
        "inputs": [],
        "parameters": {"values": True, "binary_data_output": True},
    }
    blocks = []
    for one in _inputs(_tensor(name, case, values)):
        blocks.append(encoded(one["datatype"], one.pop("data")))
        one["parameters"] = {"binary_data_size": len(blocks[-1]), **one.get("parameters", {})}
        head["inputs"].append(one)
    written = json.dumps(head).encode()

    answer = await service.http.post(
        INFER, content=written + b"".join(blocks), headers={HEADER: str(len(written))}
    )

    assert answer.status_code == 200, answer.text
    said, found = outputs_behind(answer.content, int(answer.headers[HEADER]))
    return _told(said["outputs"], [found[one["name"]] for one in said["outputs"]])


async def grpc_typed(service: Service, name: str, case: Case, values: Values) -> Told:
    """Contents by their type, both ways; FP16 has none."""
    inputs = _inputs(_tensor(name, case, values))
    request = _request(inputs)
    for output in [*(one.name for one in OUTPUTS if one.dtype != "float16"), "features"]:
        request.outputs.add(name=output)
    for tensor, one in zip(request.inputs, inputs, strict=True):
        plain = [each.encode() if isinstance(each, str) else each for each in one["data"]]
        getattr(tensor.contents, _CONTENTS[one["datatype"]]).extend(plain)

    response = await service.stub.ModelInfer(request)

    assert not response.raw_output_contents
    data = [list(getattr(one.contents, _CONTENTS[one.datatype])) for one in response.outputs]
    return _told(list(map(_described, response.outputs)), data)


async def grpc_raw(service: Service, name: str, case: Case, values: Values) -> Told:
    """Raw contents, both ways."""
    response = await infer(service, _inputs(_tensor(name, case, values)))

    raw = zip(response.outputs, response.raw_output_contents, strict=True)
    data = [decoded(one.datatype, block) for one, block in raw]
    return _told(list(map(_described, response.outputs)), data)


def as_json(name: str, values: list[Any]) -> list[Tensor]:
    """The inputs of rows in which this field has these values, in BYTES of JSON."""
    data = [json.dumps(value) for value in values]
    parameters = {"content_type": "json"}
    tensor = {"name": name, "datatype": "BYTES", "shape": [len(values)], "data": data}
    return _inputs(tensor | {"parameters": parameters})


async def infer(service: Service, inputs: list[Tensor]) -> Any:
    """The response to raw contents."""
    request = _request(inputs)
    for one in inputs:
        request.raw_input_contents.append(encoded(one["datatype"], one["data"]))
    return await service.stub.ModelInfer(request)


def _tensor(name: str, case: Case, values: Values) -> Tensor:
    """In the datatype of the type, or, where a row is missing, in BYTES of JSON."""
    known = [value for value in values if value is not None]
    tensor: Tensor = {"name": name, "datatype": case.oip, "shape": [len(values)]}
    if case.oip == JSON or len(known) < len(values):
        tensor["datatype"] = "BYTES"
        tensor["data"] = [json.dumps(value and value.sent) for value in values]
        return tensor if case.oip == JSON else tensor | {"parameters": {"content_type": "json"}}
    return tensor | {"data": _flat(list(map(_elements, known)), tensor)}


def _elements(value: Value) -> Any:
    """Numbers and bytes are themselves, everything else is the text that JSON has."""
    one = value.cell[0] if isinstance(value.cell, list) else value.cell
    return value.cell if isinstance(one, bytes | int | float) else value.sent


def _flat(rows: list[Any], tensor: Tensor) -> list[Any]:
    if not isinstance(rows[0], list):
        return rows
    tensor["shape"] = [len(rows), len(rows[0])]
    return [element for row in rows for element in row]


def _inputs(tensor: Tensor) -> list[Tensor]:
    """With the other fields that there must be."""
    rows = tensor["shape"][0]
    key = {"name": "key", "datatype": "BYTES", "shape": [rows], "data": ["a"] * rows}
    row = {"name": "row", "datatype": "INT64", "shape": [rows], "data": list(range(rows))}
    return [one for one in (key, row) if one["name"] != tensor["name"]] + [tensor]


def _request(inputs: list[Tensor]) -> Any:
    """A message without the data of its inputs."""
    request = pb.ModelInferRequest(model_name=MODEL)
    request.parameters["values"].bool_param = True
    for one in inputs:
        tensor = request.inputs.add(name=one["name"], datatype=one["datatype"], shape=one["shape"])
        for key, told in one.get("parameters", {}).items():
            tensor.parameters[key].string_param = told
    return request


async def _asked_in_json(service: Service, tensor: Tensor) -> Told:
    body = {"inputs": _inputs(tensor), "parameters": {"values": True}}
    answer = await service.http.post(INFER, json=body)
    assert answer.status_code == 200, answer.text
    outputs = answer.json()["outputs"]
    return _told(outputs, [np.array(one["data"], object).ravel().tolist() for one in outputs])


def _described(output: Any) -> dict[str, Any]:
    parameters = {key: told.string_param for key, told in output.parameters.items()}
    return {"name": output.name, "shape": list(output.shape), "parameters": parameters}


def _told(outputs: list[dict[str, Any]], data: list[list[Any]]) -> Told:
    """From outputs and their elements, one after the other."""
    by_name = {}
    for one, elements in zip(outputs, data, strict=True):
        texts = [each.decode() if isinstance(each, bytes) else each for each in elements]
        rows = np.array(texts, dtype=object).reshape(one["shape"]).tolist()
        if labels := one.get("parameters", {}).get("labels"):
            rows = [dict(zip(json.loads(labels), row, strict=True)) for row in rows]
        by_name[one["name"]] = rows
    features = [json.loads(one) for one in by_name.pop("features")]
    return [
        (found["values"], {name: rows[row] for name, rows in by_name.items()})
        for row, found in enumerate(features)
    ]
