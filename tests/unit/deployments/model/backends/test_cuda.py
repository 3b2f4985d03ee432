from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from deployments.frames import TensorFrame
from deployments.model.backends.base import InParts, Runtime
from deployments.model.backends.cuda import CudaRuntime, ladder
from deployments.model.backends.torch_program import Program
from deployments.model.options import CudaGraphs
from tests.support.manifests import PARCELS
from tests.unit.deployments.model.backends.programs import Sums, UpTo, exported, tensors, totals
from tests.unit.deployments.model.backends.recorded import Graph, on_cpu

CPU = torch.device("cpu")
NAMES = ["flat", "column", "pair"]


@pytest.fixture
def graphs(monkeypatch: pytest.MonkeyPatch) -> list[Graph]:
    return on_cpu(monkeypatch)


def runtime(how: CudaGraphs, most_rows: int = 8) -> CudaRuntime:
    return CudaRuntime(
        Program(exported(Sums()), NAMES, tensors(5), CPU), tensors(5), CPU, how, most_rows
    )


def check(runtime: Runtime, frame: TensorFrame) -> None:
    expected = frame.inputs["numeric"].sum(1) + frame.inputs["categorical"].sum(1)
    outputs = runtime.run(frame)
    np.testing.assert_array_equal(outputs["flat"], expected)
    np.testing.assert_array_equal(outputs["column"], expected)
    np.testing.assert_array_equal(outputs["pair"], np.stack([expected, -expected], 1))


@pytest.mark.parametrize(
    ("most", "sizes"),
    [(1, [1]), (2, [1, 2]), (8, [1, 2, 4, 8]), (9, [1, 2, 4, 8, 9]), (12, [1, 2, 4, 8, 12])],
)
def test_sizes_are_powers_of_two_and_the_largest(most: int, sizes: list[int]) -> None:
    assert ladder(most) == sizes


def test_every_size_of_batch_gets_its_own_answers(graphs: list[Graph]) -> None:
    served = runtime("on", most_rows=12)

    # Up and down, so that each is padded with what a larger one has left.
    for rows in [*range(1, 15), *range(14, 0, -1)]:
        check(served, tensors(rows))

    assert served.sizes == [1, 2, 4, 8, 12]
    assert sum(graph.replays for graph in graphs) == 2 * 12  # 13 and 14 rows are above the ladder


@pytest.mark.parametrize("how", ["on", "off"])
def test_a_program_for_few_rows_is_never_given_more(graphs: list[Graph], how: CudaGraphs) -> None:
    program = Program(
        exported(UpTo(6), torch.export.Dim("rows", min=1, max=6)), NAMES, tensors(1), CPU
    )

    # Its example and the largest of the graphs wanted are beyond what it takes.
    served = CudaRuntime(program, tensors(9), CPU, how, 12)

    assert served.max_rows == 6
    assert served.sizes == ([1, 2, 4, 6] if how == "on" else [])
    for rows in (1, 6, 7, 20):
        check(InParts(served, 6), tensors(rows))


def test_an_answer_stays_as_it_is_when_the_next_batch_runs(graphs: list[Graph]) -> None:
    served = runtime("on")

    first = served.run(tensors(2))
    served.run(tensors(5).at(slice(3, 5)))

    np.testing.assert_array_equal(first["flat"], totals(2))


def test_without_graphs_the_answers_are_the_same(graphs: list[Graph]) -> None:
    served = runtime("off")

    check(served, tensors(3))
    assert not graphs
    assert not served.sizes


class Kinds(nn.Module):
    """Takes inputs of many kinds, and answers as many."""

    def forward(self, ids: Tensor, flags: Tensor, price: Tensor) -> dict[str, Tensor]:
        return {
            "ids": ids[:, 0],
            "flags": ~flags,
            "cube": price.reshape(-1, 1, 1).expand(-1, 2, 3).to(torch.float16),
            "price": price.unsqueeze(1),
        }


def kinds(rows: int) -> TensorFrame:
    ids = np.arange(rows * 3).reshape(rows, 3) + 7
    return TensorFrame(
        PARCELS,
        {"price": np.arange(rows, dtype=np.float32), "flags": ids[:, 0] % 2 == 1, "ids": ids},
    )


@pytest.mark.parametrize("how", ["on", "off"])
def test_every_dtype_goes_there_and_back(graphs: list[Graph], how: CudaGraphs) -> None:
    rows = {0: torch.export.Dim("rows", min=1)}
    takes = (torch.zeros(4, 3, dtype=torch.int32), torch.zeros(4) > 0, torch.zeros(4).bfloat16())
    exported = torch.export.export(Kinds(), takes, dynamic_shapes=(rows, rows, rows))
    names = ["cube", "flags", "ids", "price"]
    served = CudaRuntime(Program(exported, names, kinds(5), CPU), kinds(5), CPU, how, 8)

    for size in (8, 3, 1, 9):
        outputs, given = served.run(kinds(size)), kinds(size).inputs
        assert outputs["ids"].tolist() == given["ids"][:, 0].tolist()
        assert outputs["flags"].tolist() == (~given["flags"]).tolist()
        assert outputs["price"].tolist() == given["price"].tolist()
        assert outputs["cube"].tolist() == [[[price] * 3] * 2 for price in given["price"]]
        assert [str(outputs[name].dtype) for name in names] == [
            "float16", "bool", "int32", "float32",
        ]  # fmt: skip
    assert served.sizes == ([1, 2, 4, 8] if how == "on" else [])


class Longest(nn.Module):
    def forward(self, items: Tensor) -> Tensor:
        return (items > 0).sum(1)


def items(*lengths: int) -> TensorFrame:
    there = np.arange(max(lengths)) < np.array(lengths)[:, None]
    return TensorFrame(PARCELS, {"items": there.astype(np.int64)})


def padded(how: CudaGraphs) -> CudaRuntime:
    any_length = {0: torch.export.Dim("rows", min=1), 1: torch.export.Dim("length", min=1)}
    takes = (torch.zeros(4, 5, dtype=torch.int64),)
    exported = torch.export.export(Longest(), takes, dynamic_shapes=(any_length,))
    return CudaRuntime(Program(exported, ["n"], items(2, 1), CPU), items(2, 1), CPU, how, 8)


def test_rows_of_any_length_are_run_without_graphs(
    graphs: list[Graph], log: pytest.LogCaptureFixture
) -> None:
    served = padded("auto")

    assert served.run(items(3, 0, 7))["n"].tolist() == [3, 0, 7]
    assert served.run(items(0))["n"].tolist() == [0]
    assert not served.sizes
    assert "each kernel is launched by itself: ['items'] may be of any length" in log.text
    with pytest.raises(RuntimeError, match=r"cuda_graphs: on, but .* \['items'\] may be of any"):
        padded("on")


def refuse(*_: Any, **__: Any) -> Any:
    raise RuntimeError("operation not permitted when stream is capturing")


def test_what_cannot_be_captured_is_run_without_a_graph(
    graphs: list[Graph], monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(torch.cuda, "graph", refuse)

    served = runtime("auto")

    check(served, tensors(3))
    assert not served.sizes
    assert [line.message for line in log.records if line.levelname == "WARNING"] == [
        "no CUDA graphs, each kernel is launched by itself: "
        "operation not permitted when stream is capturing"
    ]


def test_what_cannot_be_captured_is_refused_where_graphs_are_wanted(
    graphs: list[Graph], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "graph", refuse)

    with pytest.raises(RuntimeError, match="cuda_graphs: on, but the program cannot be captured"):
        runtime("on")


def test_a_gpu_is_never_waited_for_in_the_event_loop(graphs: list[Graph]) -> None:
    assert runtime("off").inline_rows == 0
