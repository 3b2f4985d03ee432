"""Runs a program on a GPU: per batch one copy in, one launch, one copy out and one wait."""

import threading
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from deployments.frames import Outputs, TensorFrame
from deployments.log import get_logger
from deployments.model.backends.base import Runtime
from deployments.model.backends.staging import (
    BlockLayout,
    Slot,
    Staging,
    apart,
    host_memory,
    side_by_side,
)
from deployments.model.backends.torch_program import Program
from deployments.model.golden_rows import repeated
from deployments.model.options import CudaGraphs

logger = get_logger(__name__)

_WARM_UPS = 3
# torch allows one capture at a time in a process, and two versions may be loading at once.
_CAPTURING = threading.Lock()


def ladder(most: int) -> list[int]:
    """The sizes to which batches are padded: powers of two below ``most``, and ``most``."""
    return [1 << power for power in range((most - 1).bit_length())] + [most]


@dataclass(frozen=True, slots=True)
class Captured:
    """The program for batches of one size, recorded: a replay computes ``answers`` from what lies
    in ``staging``."""

    staging: Staging
    graph: torch.cuda.CUDAGraph
    answers: Tensor


class CudaRuntime(Runtime):
    """Runs a program on a GPU, on a stream of its own. One thread at a time may call ``run``.

    A second set of buffers, to fill one while the other computes, would save the microseconds that
    it takes to copy a few hundred kilobytes, and is left out.
    """

    inline = False

    def __init__(
        self,
        program: Program,
        example: TensorFrame,
        device: torch.device,
        graphs: CudaGraphs,
        most_rows: int,
    ) -> None:
        self.device = torch.cuda.get_device_name(device)
        self.max_rows = program.max_rows
        if self.max_rows is not None:
            example = repeated(example, min(example.rows, self.max_rows))
            most_rows = min(most_rows, self.max_rows)
        self.coarsest = program.coarsest
        self._program = program
        self._device = device
        self._stream = self._fresh_stream()
        self._done = torch.cuda.Event()  # type: ignore[no-untyped-call]
        self._answered = self._measured(example)
        self._captured: dict[int, Captured] = {}
        if graphs != "off":
            self._capture(example, most_rows, required=graphs == "on")
        self.sizes = sorted(self._captured)
        logger.info("CUDA graphs for %s rows", self.sizes or "no")

    @torch.inference_mode()
    def run(self, frame: TensorFrame) -> Outputs:
        """As ``Runtime`` says."""
        captured = self._fitting(frame.rows)
        tensors = self._program.inputs.tensors(frame)
        with torch.cuda.stream(self._stream):
            staging = captured.staging if captured else self._staging(tensors)
            staging.write(tensors)
            staging.upload()
            if captured:
                captured.graph.replay()
                answers = captured.answers[: frame.rows]
            else:
                answers = self._answers(staging)
            host = host_memory(answers.shape, torch.uint8, self._device)
            host.copy_(answers, non_blocking=True)
            self._done.record(self._stream)
        self._done.synchronize()
        # Copied, since pinned memory is scarce: it goes back to torch's cache here.
        return apart(host.numpy(), self._program.outputs, self._answered)

    def _fitting(self, rows: int) -> Captured | None:
        place = bisect_left(self.sizes, rows)
        return self._captured[self.sizes[place]] if place < len(self.sizes) else None

    def _staging(self, tensors: Sequence[Tensor]) -> Staging:
        """Room for a batch. To be called, like all that takes memory of the GPU, with the stream as
        the current one: torch hands memory on in the order of the stream for which it was taken."""
        layout = BlockLayout(len(tensors[0]), tuple(map(Slot.of, tensors)))
        return Staging(layout, self._device)

    def _answers(self, staging: Staging) -> Tensor:
        return side_by_side(self._program(staging.inputs), self._program.dtypes)

    def _fresh_stream(self) -> torch.cuda.Stream:
        stream = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        # The weights may still be on their way, on the stream of whoever loads them.
        stream.wait_stream(torch.cuda.current_stream(self._device))
        return stream

    @torch.inference_mode()
    def _measured(self, example: TensorFrame) -> list[Slot]:
        """What each output is."""
        with torch.cuda.stream(self._stream):
            staging = self._filled(example)
            found = self._program(staging.inputs)
            self._stream.synchronize()
        return [
            Slot(dtype, tuple(one.shape[1:]))
            for dtype, one in zip(self._program.dtypes, found, strict=True)
        ]

    def _filled(self, frame: TensorFrame) -> Staging:
        tensors = self._program.inputs.tensors(frame)
        staging = self._staging(tensors)
        staging.write(tensors)
        staging.upload()
        return staging

    def _capture(self, example: TensorFrame, most_rows: int, *, required: bool) -> None:
        """Record the program for each size; where it cannot be recorded, do without or raise."""
        pool = torch.cuda.graph_pool_handle()
        try:
            if self._program.inputs.varying:
                raise ValueError(f"{self._program.inputs.varying} may be of any length")
            # The largest first, so that the others fit into its memory. They may share it: the
            # answers of one replay are read before the next begins.
            for rows in reversed(ladder(most_rows)):
                self._captured[rows] = self._captured_for(repeated(example, rows), pool)
        except Exception as error:
            if required:
                raise RuntimeError(
                    f"cuda_graphs: on, but the program cannot be captured: {error}"
                ) from error
            logger.warning("no CUDA graphs, each kernel is launched by itself: %s", error)
            self._captured.clear()
            self._stream = self._fresh_stream()  # the failed capture may have spoilt the other

    @torch.inference_mode()
    def _captured_for(self, frame: TensorFrame, pool: Any) -> Captured:
        graph = torch.cuda.CUDAGraph()
        with _CAPTURING, torch.cuda.stream(self._stream):
            staging = self._filled(frame)  # real rows: padding must be valid to the program, too
            for _ in range(_WARM_UPS):  # libraries set themselves up, which no capture allows
                self._answers(staging)
            # thread_local: the version in service goes on using the GPU from its own thread.
            with torch.cuda.graph(
                graph, pool=pool, stream=self._stream, capture_error_mode="thread_local"
            ):
                answers = self._answers(staging)
        return Captured(staging, graph, answers)
