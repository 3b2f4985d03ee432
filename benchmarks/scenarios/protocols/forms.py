"""The same rows as HTTP requests, in the form of each protocol."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Row = dict[str, Any]

BATCH = "/predict/batch"

_LENGTH = "inference-header-content-length"
_NUMPY = {"INT64": np.int64, "FP64": np.float64, "BOOL": np.bool_}


@dataclass(frozen=True)
class Request:
    """What is posted where."""

    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def batch(rows: Sequence[Row], _: Row) -> Request:
    """As the REST interface takes many rows."""
    return Request(BATCH, json.dumps({"instances": list(rows)}).encode())


def ndjson(rows: Sequence[Row], _: Row) -> Request:
    """The same, to be answered line by line."""
    body = json.dumps({"instances": list(rows)}).encode()
    return Request(BATCH, body, {"accept": "application/x-ndjson"})


def oip_json(rows: Sequence[Row], metadata: Row) -> Request:
    """Every input's values as a JSON list."""
    inputs = [
        {**_tensor(one, len(rows)), "data": [row[one["name"]] for row in rows]}
        for one in metadata["inputs"]
    ]
    return Request(_infer(metadata), json.dumps({"inputs": inputs}).encode())


def oip_binary(rows: Sequence[Row], metadata: Row) -> Request:
    """Every tensor as bytes behind the JSON, both ways: the binary tensor data extension."""
    inputs, blobs = [], []
    for one in metadata["inputs"]:
        blobs.append(_encoded(one["datatype"], [row[one["name"]] for row in rows]))
        parameters = {"binary_data_size": len(blobs[-1])}
        inputs.append({**_tensor(one, len(rows)), "parameters": parameters})
    head = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    return Request(_infer(metadata), head + b"".join(blobs), {_LENGTH: str(len(head))})


def _tensor(one: Row, rows: int) -> Row:
    return {"name": one["name"], "datatype": one["datatype"], "shape": [rows]}


def _encoded(datatype: str, values: Sequence[Any]) -> bytes:
    if datatype != "BYTES":
        return np.array(values, dtype=_NUMPY[datatype]).tobytes()
    texts = [value.encode() for value in values]
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)


def _infer(metadata: Row) -> str:
    return f"/v2/models/{metadata['name']}/infer"


FORMS = {
    BATCH: batch,
    "NDJSON": ndjson,
    "Open Inference Protocol, JSON": oip_json,
    "Open Inference Protocol, binary": oip_binary,
}
"""By name: rows, and the model's metadata of the Open Inference Protocol, as a request."""
