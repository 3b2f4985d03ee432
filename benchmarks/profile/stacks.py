"""Stacks as py-spy samples them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_FRAME = re.compile(r"(?P<function>.*) \((?P<path>.*?)(?::(?P<line>\d+))?\)", re.DOTALL)


@dataclass(frozen=True)
class Frame:
    """One call; ``line`` is the line that it was at, 0 where py-spy does not know."""

    function: str
    path: str
    line: int


@dataclass(frozen=True)
class Stack:
    """The calls under way in one thread, outermost first, and how often they were seen."""

    frames: tuple[Frame, ...]
    samples: int


def parse(raw: str) -> list[Stack]:
    """The stacks of ``py-spy record --format raw``: a line each, frames with semicolons, count."""
    stacks = []
    for line in raw.splitlines():
        calls, _, samples = line.rpartition(" ")
        if calls:
            stacks.append(Stack(tuple(map(_frame, calls.split(";"))), int(samples)))
    return stacks


def total(stacks: Iterable[Stack]) -> int:
    """Samples in all of them."""
    return sum(stack.samples for stack in stacks)


def _frame(text: str) -> Frame:
    match = _FRAME.fullmatch(text)
    if match is None:
        return Frame(text, "", 0)
    return Frame(match["function"], match["path"], int(match["line"] or 0))
