import json
import struct

import numpy as np
import pytest

from benchmarks.load.result import LoadError, LoadResult
from benchmarks.samples import Sample
from benchmarks.scenarios.protocols.command import ONE_BY_ONE, TOGETHER, bars, tables
from benchmarks.scenarios.protocols.forms import BATCH, FORMS
from benchmarks.scenarios.protocols.sockets import _frame, _whole

ROWS = [{"name": "a", "number": 1.5}, {"name": "bc", "number": 2.0}]
METADATA = {
    "name": "model",
    "inputs": [
        {"name": "name", "datatype": "BYTES", "shape": [-1]},
        {"name": "number", "datatype": "FP64", "shape": [-1]},
    ],
}
JSON, BINARY = "Open Inference Protocol, JSON", "Open Inference Protocol, binary"


def test_all_forms_hold_the_same_rows() -> None:
    made = {name: form(ROWS, METADATA) for name, form in FORMS.items()}

    assert json.loads(made[BATCH].body) == {"instances": ROWS}
    name, number = json.loads(made[JSON].body)["inputs"]
    assert (name["data"], name["shape"]) == (["a", "bc"], [2])
    assert (number["data"], number["datatype"]) == ([1.5, 2.0], "FP64")
    binary = made[BINARY]
    head = int(binary.headers["inference-header-content-length"])
    sizes = [
        one["parameters"]["binary_data_size"] for one in json.loads(binary.body[:head])["inputs"]
    ]
    texts, numbers = binary.body[head : head + sizes[0]], binary.body[head + sizes[0] :]
    assert texts == b"\1\0\0\0a\2\0\0\0bc"
    assert np.frombuffer(numbers).tolist() == [1.5, 2.0]


def answer(text: str) -> bytes:
    payload = text.encode()
    head = bytes([0x81, 126]) + struct.pack("!H", len(payload))
    return (bytes([0x81, len(payload)]) if len(payload) < 126 else head) + payload


@pytest.mark.parametrize("cut", [0, 1, 3, 5, 130, 200])
def test_whole_answers_are_told_from_half_ones(cut: int) -> None:
    data = answer("{}") + answer("x" * 300)

    count, rest = _whole(data + data[:cut])

    assert 2 <= count <= 3
    assert _whole(rest + data[cut:])[0] == 4 - count


def test_a_refused_row_ends_the_measurement() -> None:
    with pytest.raises(LoadError):
        _whole(answer('{"id":1,"error":{}}'))


@pytest.mark.parametrize("size", [1, 200])
def test_frames_are_masked_with_nothing(size: int) -> None:
    frame = _frame({"x": "y" * size})

    assert frame[0] == 0x81
    assert frame[1] & 0x80
    assert frame.endswith(bytes(4) + json.dumps({"x": "y" * size}).encode())


def test_bars_compare_within_each_round() -> None:
    costs = [
        Sample(form, TOGETHER, turn, LoadResult(1.0, 10), us * turn / 1e3, 100)
        for turn in (1, 2, 3)
        for form, us in ((BATCH, 40.0), (JSON, 44.0), (BINARY, 60.0))
    ]
    rates = [
        Sample(way, ONE_BY_ONE, turn, LoadResult(1.0, rate * turn), 1.0)
        for turn in (1, 2)
        for way, rate in (("a", 10), ("b", 15))
    ]

    found = bars(costs, rates, socket_kib=12.0)

    assert [(bar.value, bar.reached) for bar in found] == [
        (pytest.approx(1.1), True),
        (pytest.approx(1.5), False),
        (pytest.approx(1.5), True),
        (12.0, True),
    ]
    assert len(tables(costs, rates, 12.0)) == 3
