"""Runs the programs of ONNX files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deployments.bundle.manifest import OutputSpec
from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.base import Runtime, Signature, TensorSpec
from deployments.model.backends.onnx_inputs import Feed, feeds
from deployments.model.options import Device, ModelOptions
from deployments.onnx_graph import CPU, CUDA, OnnxGraph, OnnxTensor, has_cuda


class OnnxRuntime(Runtime):
    """Runs a graph whose inputs ``feeds`` are made of the named inputs of a batch, and answers the
    outputs ``answers``: by the contract's name, the graph's."""

    def __init__(
        self,
        graph: OnnxGraph,
        feeds: Sequence[Feed],
        answers: dict[str, str],
    ) -> None:
        self.device = "cuda" if CUDA in graph.providers else "cpu"
        self.inline = self.device == "cpu"
        self.max_rows = _max_rows(graph)
        self.coarsest = graph.coarsest
        self._graph = graph
        self._feeds = feeds
        self._names, self._wanted = list(answers), list(answers.values())

    def run(self, frame: TensorFrame) -> Outputs:
        inputs = frame.inputs
        answers = self._graph.run(
            self._wanted,
            {feed.name: feed.of(inputs[feed.made]) for feed in self._feeds},
        )
        return {
            # A last dimension of one is how graphs write a number per row.
            name: values[:, 0] if values.shape[1:] == (1,) else values
            for name, values in zip(self._names, answers, strict=True)
        }


def load(
    program: Path | bytes,
    outputs: Sequence[OutputSpec],
    example: TensorFrame,
    options: ModelOptions,
) -> Runtime:
    """The program on a GPU or on CPU, as ``Backend.load`` says."""
    if options.precision != "float32":
        raise RuntimeError(
            f"precision: {options.precision} is for torch programs: an ONNX program computes in "
            "the types that it was written with, so set precision: float32"
        )
    if options.cuda_graphs == "on":
        raise RuntimeError("cuda_graphs: on is for torch programs: set cuda_graphs: auto")
    graph = OnnxGraph(program, threads=options.threads, providers=providers(options.device))
    if options.device == "cuda" and CUDA not in graph.providers:
        raise RuntimeError(
            "device: cuda, but this replica sees no GPU: set num_gpus or device: cpu"
        )
    return OnnxRuntime(
        graph,
        feeds(graph.inputs, example.inputs),
        _answers(graph.outputs, [output.name for output in outputs]),
    )


def signature(program: Path) -> Signature:
    """What the graph says of itself; outputs that no contract can name are left out."""
    graph = OnnxGraph(program)
    return Signature(
        [TensorSpec(*one) for one in graph.inputs],
        # Converters write one row for any number of them.
        [
            TensorSpec(
                one.name, one.dtype, (None, *(() if one.shape[1:] == (1,) else one.shape[1:]))
            )
            for one in graph.outputs
            if not one.problem
        ],
        _max_rows(graph),
    )


def providers(device: Device) -> Sequence[Any]:
    """What of ONNX Runtime is to run a graph, in the order of preference. Raises RuntimeError where
    the one installed knows no GPUs and one is wanted."""
    if device == "cpu":
        return CPU
    if has_cuda():
        # Its usual tf32 keeps three digits, which golden rows are held to seven of.
        return ((CUDA, {"use_tf32": "0"}), *CPU)
    if device == "cuda":
        raise RuntimeError(
            "device: cuda, but this onnxruntime is without CUDA: install onnxruntime-gpu in its "
            "place, or set device: cpu"
        )
    return CPU


def _max_rows(graph: OnnxGraph) -> int | None:
    for one in graph.inputs:
        if one.rows is not None and one.rows != 1:
            raise ValueError(
                f"the program was exported for exactly {one.rows} rows of {one.name!r}: export it "
                "for any number, with None for the first dimension"
            )
    return 1 if any(one.rows == 1 for one in graph.inputs) else None


def _answers(answered: Sequence[OnnxTensor], names: Sequence[str]) -> dict[str, str]:
    """By each name of the contract the graph's name of that output: the same, or the one at its
    place where the graph has none of these names, and as many. Raises ValueError."""
    known = {one.name: one for one in answered}
    if known.keys().isdisjoint(names) and len(known) == len(names):
        found = dict(zip(names, known, strict=True))
    elif known.keys() >= set(names):
        found = {name: name for name in names}  # the others are not asked for
    else:
        raise ValueError(
            f"the program answers the outputs {list(known)}, the contract names {list(names)}"
        )
    for name in found.values():
        if known[name].problem:
            raise ValueError(
                f"the program's output {name!r} is {known[name].dtype}: {known[name].problem}"
            )
    return found
