"""Tensors of lists: what their shapes and data may be, and what they may not."""

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from app.protocols.oip.binary import split
from app.protocols.oip.grpc_messages import tensors_of as tensors_of_message
from app.protocols.oip.http_messages import decode, tensors_of
from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from app.protocols.oip.tensors import rows_of
from app.serving.contract import Contract
from app.serving.errors import InvalidRequest
from tests.support.manifests import field, manifest
from tests.support.oip import encoded

DEPOT = {"name": "depot", "datatype": "BYTES", "shape": [2], "data": ["a", "b"]}
FIXED, RAGGED = "array<float32, 3>", "array<int64>"

Input = dict[str, Any]


def contract_of(dtype: str, *, optional: bool = False) -> Contract:
    one = field("x", dtype, example=0).model_copy(update={"optional": optional, "max_length": None})
    return Contract(manifest(request_features=[one]))


def cells(contract: Contract, one: Input, depot: Input = DEPOT) -> list[Any]:
    """The cells of ``x``, its data in the JSON."""
    head, tail = split(json.dumps({"inputs": [depot, one]}).encode(), None)
    return _listed(rows_of(contract, tensors_of(decode(head), tail), 8))


def raw_cells(contract: Contract, datatype: str, shape: list[int], data: Any) -> list[Any]:
    """Its data as raw contents."""
    request = pb.ModelInferRequest()
    request.inputs.add(name="depot", datatype="BYTES", shape=[2])
    request.raw_input_contents.append(encoded("BYTES", ["a", "b"]))
    request.inputs.add(name="x", datatype=datatype, shape=shape)
    request.raw_input_contents.append(data if isinstance(data, bytes) else encoded(datatype, data))
    return _listed(rows_of(contract, tensors_of_message(request), 8))


def _listed(rows: list[Any]) -> list[Any]:
    return [cell.tolist() if isinstance(cell, np.ndarray) else cell for _, cell in rows]


def tensor(datatype: str, shape: list[int], data: Any, **more: Any) -> Input:
    return {"name": "x", "datatype": datatype, "shape": shape, "data": data, **more}


@pytest.mark.parametrize("datatype", ["FP16", "FP32", "FP64", "INT8", "UINT64"])
@pytest.mark.parametrize("data", [[1, 2, 3, 4, 5, 6], [[1, 2, 3], [4, 5, 6]]])
def test_lists_of_one_length_are_flat_or_nested(datatype: str, data: Any) -> None:
    found = cells(contract_of(FIXED), tensor(datatype, [2, 3], data))

    assert found == [[1, 2, 3], [4, 5, 6]]
    assert raw_cells(contract_of(FIXED), datatype, [2, 3], np.ravel(data)) == found


@pytest.mark.parametrize("length", [0, 1, 3])
def test_lists_of_any_length_may_be_a_tensor_where_they_are_equally_long(length: int) -> None:
    data = list(range(2 * length))
    expected = [data[:length], data[length:]]

    assert cells(contract_of(RAGGED), tensor("INT32", [2, length], data)) == expected
    assert raw_cells(contract_of(RAGGED), "INT64", [2, length], data) == expected
    texts = tensor("BYTES", [2], ["[1]", "[]"])
    assert cells(contract_of(RAGGED), texts) == [[1], []]
    assert cells(contract_of(RAGGED), texts | {"shape": [2, 1]}) == [[1], []]


def test_whole_numbers_stay_whole() -> None:
    most = 2**63 - 1
    contract = contract_of("array<int64, 2>")

    assert raw_cells(contract, "INT64", [2, 2], [most, -most - 1, 2**53 + 1, 0]) == [
        [most, -most - 1],
        [2**53 + 1, 0],
    ]
    assert raw_cells(contract, "UINT64", [2, 2], [most, 0, 1, 2]) == [[most, 0], [1, 2]]


def test_numbers_in_json_are_as_exact_as_in_rest() -> None:
    number = "1234567890.00000000000000000001"
    texts = tensor("BYTES", [2], [f"[{number}]", "[]"])

    assert cells(contract_of("array<decimal>"), texts) == [[Decimal(number)], []]
    one = tensor("BYTES", [2], [number, "2"], parameters={"content_type": "json"})
    assert cells(contract_of("decimal"), one) == [Decimal(number), Decimal(2)]


def test_a_list_is_missing_where_all_of_it_is_nan_or_it_is_null() -> None:
    contract = contract_of(FIXED, optional=True)
    nan = float("nan")

    assert raw_cells(contract, "FP32", [2, 3], [nan, nan, nan, 1, 2, 3]) == [None, [1, 2, 3]]
    assert cells(contract, tensor("FP32", [2, 3], [None, [1, 2, 3]])) == [None, [1, 2, 3]]
    assert cells(contract, tensor("FP32", [2, 3], [None, None])) == [None, None]
    as_json = tensor("BYTES", [2], ["null", "[1, 2, 3]"], parameters={"content_type": "json"})
    assert cells(contract, as_json) == [None, [1, 2, 3]]
    with pytest.raises(InvalidRequest) as caught:
        raw_cells(contract, "FP32", [2, 3], [1, 2, 3, nan, 1, 2])
    assert (caught.value.field, caught.value.row) == ("x", 1)


def test_a_number_is_missing_where_it_is_nan_or_null() -> None:
    contract = contract_of("float64", optional=True)
    nan = float("nan")

    for datatype in ("FP16", "FP32", "FP64"):
        assert raw_cells(contract, datatype, [2], [nan, 1.5]) == [None, 1.5]
        assert cells(contract, tensor(datatype, [2, 1], [[None], [1.5]])) == [None, 1.5]
    assert cells(contract_of("int64", optional=True), tensor("INT64", [2], [None, 7])) == [None, 7]
    with pytest.raises(InvalidRequest) as caught:
        raw_cells(contract_of("float64"), "FP64", [2], [1.5, nan])
    assert (caught.value.field, caught.value.row) == ("x", 1)


def test_the_tensor_of_an_optional_field_may_be_left_out() -> None:
    for dtype in (FIXED, RAGGED, "string", "int64", "map"):
        contract = contract_of(dtype, optional=True)
        head, tail = split(json.dumps({"inputs": [DEPOT]}).encode(), None)
        rows = rows_of(contract, tensors_of(decode(head), tail), 8)
        assert rows == [("a", None), ("b", None)]


@pytest.mark.parametrize(
    ("dtype", "one", "row", "told"),
    [
        (FIXED, tensor("FP32", [2], [1, 2]), None, "x: its shape must be [N, 3], for N rows"),
        (FIXED, tensor("FP32", [2, 2], [1] * 4), None, "x: its shape must be [N, 3]"),
        (FIXED, tensor("FP32", [2, 3, 1], [1] * 6), None, "x: its shape must be [N, 3]"),
        (FIXED, tensor("BYTES", [2, 3], ["1"] * 6), None, "x: its datatype must be FP16 or FP32"),
        (
            FIXED,
            tensor("FP32", [2, 3], [1] * 5),
            None,
            "its shape says 6 elements, its data hold 5",
        ),
        (FIXED, tensor("FP32", [2, 3], [[1, 2, 3]]), None, "its shape says 2 rows, its data hold"),
        (FIXED, tensor("FP32", [2, 3], [[1, 2, 3], [1]]), 1, "x: its data are not of its shape: 1"),
        (FIXED, tensor("FP32", [2, 3], [[1, 2, 3], None]), 1, "x: its data are not FP32: "),
        (FIXED, tensor("FP32", [2, 3], [1, 2, 3, 4, "5", 6]), 1, "x: its data are not FP32: "),
        (FIXED, tensor("FP32", [2, 3], [1, 2, 3, 4, 1e39, 6]), 1, "x must be a list of 3 numbers"),
        (FIXED, tensor("FP64", [2, 3], [1, 2, 3, 4, 1e39, 6]), 1, "x must be a list of 3 numbers"),
        (FIXED, tensor("INT64", [2, 3], [0] * 5 + [2**53 + 1]), 1, "x: beyond 2^53"),
        (RAGGED, tensor("INT64", [2], [1, 2]), None, "x: its shape must be [N, k], for N rows"),
        (RAGGED, tensor("INT64", [2, -1], []), None, "x: its shape must be [N, k]"),
        (RAGGED, tensor("FP32", [2, 1], [1, 2]), None, "x: its datatype must be BYTES or INT16"),
        (RAGGED, tensor("BYTES", [2, 2], ["[]"] * 4), None, "x: its shape must be [N] or [N, 1]"),
        (RAGGED, tensor("BYTES", [2], ["[]", "[1"]), 1, "x: it is not JSON: "),
        (RAGGED, tensor("BYTES", [2], ["[]", "null"]), 1, "x must be a list of up to 4096 int"),
        (RAGGED, tensor("BYTES", [2], ["[]", "[]", "[]"]), None, "its shape says 2 elements"),
        (RAGGED, tensor("BYTES", [2], [[], []]), 0, "x: its data are not BYTES: Expected `str`"),
        (RAGGED, tensor("INT64", [2, 4097], [1] * 8194), None, "x must be a list of up to 4096"),
        ("set<int64>", tensor("INT64", [2, 2], [1, 2, 3, 3]), 1, "x must be a list of up to 4096"),
        ("map", tensor("BYTES", [2], ["{}", "[]"]), 1, "x must be an object"),
        ("map", tensor("BYTES", [2], ["{}", '{"a":' * 3000]), 1, "x: it is not JSON"),
        (
            "string",
            tensor("INT64", [2], [1, 2], parameters={"content_type": "json"}),
            None,
            "x: its datatype must be BYTES, not 'INT64'",
        ),
    ],
)
def test_what_is_no_list_of_the_field(dtype: str, one: Input, row: int | None, told: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        cells(contract_of(dtype), one)

    assert (caught.value.field, caught.value.row) == ("x", row)
    assert told in caught.value.message


def test_bytes_of_lists_that_are_wrong() -> None:
    contract = contract_of("array<int64, 2>")
    with pytest.raises(InvalidRequest, match="beyond INT64") as caught:
        raw_cells(contract, "UINT64", [2, 2], [0, 1, 2**63, 0])
    assert caught.value.row == 1
    with pytest.raises(InvalidRequest, match="4 elements of INT64 take 32 bytes, there are 31"):
        raw_cells(contract, "INT64", [2, 2], b"0" * 31)
    with pytest.raises(InvalidRequest, match="it is not UTF-8") as caught:
        raw_cells(contract_of("array<string, 2>"), "BYTES", [2, 2], ["a", "b", "c", b"\xff"])
    assert caught.value.row == 1
    with pytest.raises(InvalidRequest, match="a byte of BOOL must be 0 or 1"):
        raw_cells(contract_of("array<bool, 2>"), "BOOL", [2, 2], bytes([0, 1, 2, 0]))
