"""CUDA graphs on CPU: what is run while one is captured is recorded, and a replay runs it again
over the same tensors. It shows what the buffers hold, not what a GPU does."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode


class Graph(TorchDispatchMode):
    """Stands in for ``torch.cuda.CUDAGraph``."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, Any, Any, Any]] = []
        self.replays = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        answer = func(*args, **(kwargs or {}))
        if isinstance(answer, torch.Tensor):  # sizes are read while it is captured, and then fixed
            self.calls.append((func, args, kwargs or {}, answer))
        return answer

    def replay(self) -> None:
        self.replays += 1
        for func, args, kwargs, answer in self.calls:
            answer.copy_(func(*args, **kwargs))


class Nothing:
    """Stands in for streams and events: on CPU all is done in order, and at once."""

    def __init__(self, *_: Any) -> None:
        self.waits = 0

    def wait_stream(self, _: Any) -> None: ...

    def record(self, _: Any) -> None: ...

    def synchronize(self) -> None:
        self.waits += 1


@contextmanager
def capture(graph: Graph, **_: Any) -> Iterator[None]:
    with graph:
        yield


def on_cpu(monkeypatch: pytest.MonkeyPatch) -> list[Graph]:
    """Put the stand-ins in place; the graphs, as they are captured."""
    graphs: list[Graph] = []

    def new() -> Graph:
        graphs.append(Graph())
        return graphs[-1]

    for name in ("Stream", "Event"):
        monkeypatch.setattr(torch.cuda, name, Nothing)
    monkeypatch.setattr(torch.cuda, "get_device_name", str)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _: None)
    monkeypatch.setattr(torch.cuda, "stream", lambda _: nullcontext())
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 0))
    monkeypatch.setattr(torch.cuda, "CUDAGraph", new)
    monkeypatch.setattr(torch.cuda, "graph", capture)
    return graphs
