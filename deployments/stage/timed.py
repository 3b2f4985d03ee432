"""How long a stage took, measured where it runs: what remains of a call is transport."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class Timed(Generic[T]):
    """A stage's answer, and the seconds from its call to this answer."""

    value: T
    seconds: float


def timed(stage: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[Timed[T]]]:
    """The same stage, with the time it takes."""

    async def call(*args: P.args, **kwargs: P.kwargs) -> Timed[T]:
        start = perf_counter()
        return Timed(await stage(*args, **kwargs), perf_counter() - start)

    return call
