"""Any bytes are either the rows that they stand for, or refused in the client's terms."""

import contextlib
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.protocols.oip.binary import split
from app.protocols.oip.grpc_messages import tensors_of as tensors_of_message
from app.protocols.oip.http_messages import decode, tensors_of
from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from app.protocols.oip.tensors import rows_of
from app.serving.contract import Contract, Row
from app.serving.errors import InvalidRequest
from tests.support.manifests import field, manifest
from tests.support.oip import NUMPY, encoded

LIMIT = 8
TYPED = {
    "BOOL": "bool_contents",
    "BYTES": "bytes_contents",
    **{f"INT{bits}": "int_contents" for bits in (8, 16, 32)},
    **{f"UINT{bits}": "uint_contents" for bits in (8, 16, 32)},
    "INT64": "int64_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
}
INTEGERS = [name for name in NUMPY if "INT" in name]

repeatable = settings(derandomize=True, deadline=None, database=None, max_examples=150)

Input = dict[str, Any]


def contract_of(dtype: Any) -> Contract:
    return Contract(manifest(request_features=[field("x", dtype, example=0)]))


def with_depots(one: Input) -> list[Input]:
    rows = len(one["data"])
    return [one, {"name": "depot", "datatype": "BYTES", "shape": [rows], "data": ["a"] * rows}]


def in_json(contract: Contract, inputs: Sequence[Input]) -> list[Row]:
    written = [one | {"data": [_plain(value) for value in one["data"]]} for one in inputs]
    head, tail = split(json.dumps({"inputs": written}).encode(), None)
    return rows_of(contract, tensors_of(decode(head), tail), LIMIT)


def in_binary(contract: Contract, inputs: Sequence[Input]) -> list[Row]:
    blocks = [encoded(one["datatype"], one["data"]) for one in inputs]
    described = [
        {**one, "data": None, "parameters": {"binary_data_size": len(block)}}
        for one, block in zip(inputs, blocks, strict=True)
    ]
    for one in described:
        del one["data"]
    head = json.dumps({"inputs": described}).encode()
    plain, tail = split(head + b"".join(blocks), str(len(head)).encode())
    return rows_of(contract, tensors_of(decode(plain), tail), LIMIT)


def typed(contract: Contract, inputs: Sequence[Input]) -> list[Row]:
    request = pb.ModelInferRequest()
    for one in inputs:
        tensor = request.inputs.add(name=one["name"], datatype=one["datatype"], shape=one["shape"])
        values = [_bytes(value) for value in one["data"]]
        getattr(tensor.contents, TYPED[one["datatype"]]).extend(values)
    return rows_of(contract, tensors_of_message(request), LIMIT)


def raw(contract: Contract, inputs: Sequence[Input]) -> list[Row]:
    request = pb.ModelInferRequest()
    for one in inputs:
        request.inputs.add(name=one["name"], datatype=one["datatype"], shape=one["shape"])
        request.raw_input_contents.append(encoded(one["datatype"], one["data"]))
    return rows_of(contract, tensors_of_message(request), LIMIT)


FORMS = [in_json, in_binary, typed, raw]


def _plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def _bytes(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


@pytest.mark.parametrize(
    ("dtype", "datatype", "values"),
    [
        ("string", "BYTES", ["a", "süd", "😀" * 256]),
        ("bool", "BOOL", [True, False]),
        *[
            ("int64", name, [int(np.iinfo(NUMPY[name]).min), int(np.iinfo(NUMPY[name]).max)])
            for name in INTEGERS
            if "64" not in name
        ],
        ("int64", "INT64", [-(2**53), 2**53]),
        ("int64", "UINT64", [0, 2**53]),
        ("float64", "INT64", [-(2**53), 2**53]),
        ("float64", "UINT64", [0, 2**53]),
        ("float64", "UINT8", [0, 255]),
        ("float64", "FP32", [float(np.float32(0.1)), 3.4028234663852886e38]),
        ("float64", "FP64", [0.1, -0.0, 5e-324, 1.7976931348623157e308]),
    ],
)
def test_values_arrive_whole_in_every_form(dtype: str, datatype: str, values: list[Any]) -> None:
    contract = contract_of(dtype)
    shape = [len(values)]
    inputs = with_depots({"name": "x", "datatype": datatype, "shape": shape, "data": values})

    for form in FORMS:
        found = [row[1] for row in form(contract, inputs)]
        assert found == values, form.__name__
        assert [type(one) for one in found] == [
            float if dtype == "float64" else type(one) for one in values
        ]


def test_half_precision_has_no_typed_contents() -> None:
    contract = contract_of("float64")
    values = [float(np.float16(0.1)), 65504.0]
    inputs = with_depots({"name": "x", "datatype": "FP16", "shape": [2], "data": values})

    for form in (in_json, in_binary, raw):
        assert [row[1] for row in form(contract, inputs)] == values
    request = pb.ModelInferRequest()
    request.inputs.add(name="x", datatype="FP16", shape=[1])
    depot = request.inputs.add(name="depot", datatype="BYTES", shape=[1])
    depot.contents.bytes_contents.append(b"a")
    with pytest.raises(InvalidRequest, match="x: FP16 must be in raw_input_contents"):
        rows_of(contract, tensors_of_message(request), LIMIT)


@pytest.mark.parametrize("datatype", ["FP16", "FP32"])
def test_numbers_in_json_are_those_of_their_datatype(datatype: str) -> None:
    contract = contract_of("float64")
    inputs = with_depots({"name": "x", "datatype": datatype, "shape": [1], "data": [0.1]})

    ((_, number),) = in_json(contract, inputs)

    assert number == float(NUMPY[datatype](0.1)) != 0.1


def test_typed_contents_are_within_their_datatype() -> None:
    contract = contract_of("int64")
    inputs = with_depots({"name": "x", "datatype": "INT8", "shape": [2], "data": [1, 128]})

    with pytest.raises(InvalidRequest, match="x: it is beyond INT8") as caught:
        typed(contract, inputs)

    assert caught.value.row == 1


def test_contents_are_typed_or_raw_and_not_both() -> None:
    contract = contract_of("int64")
    request = pb.ModelInferRequest()
    request.inputs.add(name="depot", datatype="BYTES", shape=[1])
    request.inputs.add(name="x", datatype="INT64", shape=[1])
    request.raw_input_contents.append(encoded("BYTES", ["a"]))
    with pytest.raises(InvalidRequest, match="there are 1 raw_input_contents for 2 inputs"):
        rows_of(contract, tensors_of_message(request), LIMIT)

    request.raw_input_contents.append(encoded("INT64", [1]))
    assert rows_of(contract, tensors_of_message(request), LIMIT) == [("a", 1)]

    request.inputs[1].contents.int64_contents.append(1)
    with pytest.raises(InvalidRequest, match="x: its data must be in contents or in raw"):
        rows_of(contract, tensors_of_message(request), LIMIT)


datatypes = st.sampled_from(["BYTES", *NUMPY, "BF16", "", "bytes"])
dtypes = st.sampled_from(
    [
        *("string", "int64", "float64", "bool", "timestamp", "bytes", "uuid", "decimal"),
        *("zoned_timestamp", "array<float32, 2>", "array<int64>", "array<string, 1>", "set<bool>"),
        *("map", "json", "struct<a: int64>", "array<array<float64>>"),
    ]
)
dimensions = st.integers(-1, 4) | st.integers(-(2**63), 2**63 - 1)
shapes = st.lists(dimensions, max_size=3) | st.just([2])


@repeatable
@given(dtypes, datatypes, shapes, st.binary(max_size=40))
def test_any_bytes_are_rows_or_refused(
    dtype: str, datatype: str, shape: list[int], data: bytes
) -> None:
    contract = contract_of(dtype)
    inputs = [
        {"name": "x", "datatype": datatype, "shape": shape},
        {"name": "depot", "datatype": "BYTES", "shape": [2]},
    ]
    blocks = [data, encoded("BYTES", ["a", "b"])]
    described = [
        one | {"parameters": {"binary_data_size": len(block)}}
        for one, block in zip(inputs, blocks, strict=True)
    ]
    head = json.dumps({"inputs": described}).encode()
    request = pb.ModelInferRequest(raw_input_contents=blocks)
    for one in inputs:
        request.inputs.add(name=one["name"], datatype=one["datatype"], shape=one["shape"])
    found: list[Any] = []
    forms: tuple[Callable[[], Any], ...] = (
        lambda: tensors_of(*_decoded(head + b"".join(blocks), len(head))),
        lambda: tensors_of_message(request),
    )
    for read in forms:
        try:
            found.append(rows_of(contract, read(), LIMIT))
        except InvalidRequest as error:
            found.append((error.code, error.message))

    assert repr(found[0]) == repr(found[1])
    if isinstance(found[0], list):
        assert shape in ([2], [2, 1])
        if datatype in NUMPY:
            numbers: Any = np.frombuffer(data, NUMPY[datatype])
            assert data == encoded(datatype, numbers)


@repeatable
@given(st.binary(max_size=60), st.integers(-5, 70) | st.text(max_size=5))
def test_any_body_is_refused(body: bytes, header: int | str) -> None:
    with pytest.raises(InvalidRequest):  # none so short holds an input
        tensors_of(*_decoded(body, header))


parts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "data", "shape", "datatype"]), inner)
    ),
    max_leaves=6,
)


@repeatable
@given(
    st.fixed_dictionaries(
        {"inputs": parts | st.lists(parts)},
        optional={"id": parts, "parameters": parts, "outputs": parts},
    ),
    dtypes,
    datatypes,
    parts | st.lists(st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)),
)
def test_any_json_is_rows_or_refused(
    request: dict[str, Any], dtype: str, datatype: str, data: Any
) -> None:
    contract = contract_of(dtype)
    near = {
        "inputs": [
            {"name": "depot", "datatype": "BYTES", "shape": [1], "data": ["a"]},
            {"name": "x", "datatype": datatype, "shape": [1], "data": data},
        ]
    }
    for one in (request, near):
        with contextlib.suppress(InvalidRequest):
            rows = rows_of(contract, tensors_of(*_decoded(json.dumps(one).encode(), None)), LIMIT)
            assert len(rows) == 1


@repeatable
@given(st.lists(st.floats(width=32), min_size=1, max_size=LIMIT))
def test_numbers_are_the_same_in_every_form(values: list[float]) -> None:
    contract = contract_of("float64")
    finite = all(map(np.isfinite, values))
    assume(finite or len(values) < 3)
    inputs = with_depots({"name": "x", "datatype": "FP32", "shape": [len(values)], "data": values})

    found: list[Any] = []
    for form in (in_json, in_binary, typed, raw) if finite else (in_binary, typed, raw):
        try:
            found.append(form(contract, inputs))
        except InvalidRequest as error:
            found.append((error.row, error.message))

    assert all(one == found[0] for one in found)
    assert finite == isinstance(found[0], list)


def _decoded(body: bytes, header: Any) -> tuple[Any, Any]:
    head, tail = split(body, None if header is None else str(header).encode())
    return decode(head), tail
