"""Stacks as py-spy samples them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_CALL = re.compile(r"(?P<function>.*) \((?P<path>.*?)(?::(?P<line>\d+))?\)", re.DOTALL)


@dataclass(frozen=True)
class Call:
    """One call; ``line`` is the line that it was at, 0 where py-spy does not know."""

    function: str
    path: str
    line: int


@dataclass(frozen=True)
class Stack:
    """The calls under way in one thread, outermost first, and how often they were seen."""

    calls: tuple[Call, ...]
    samples: int


def parse(raw: str) -> list[Stack]:
    """The stacks of ``py-spy record --format raw``: a line each, frames with semicolons, count."""
    stacks = []
    for line in raw.splitlines():
        calls, _, samples = line.rpartition(" ")
        if calls:
            stacks.append(Stack(tuple(map(_call, calls.split(";"))), int(samples)))
    return stacks


def total(stacks: Iterable[Stack]) -> int:
    """Samples in all of them."""
    return sum(stack.samples for stack in stacks)


def _call(text: str) -> Call:
    match = _CALL.fullmatch(text)
    if match is None:
        return Call(text, "", 0)
    return Call(match["function"], match["path"], int(match["line"] or 0))
