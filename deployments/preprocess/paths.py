"""Paths into documents: ``address.city``, ``tags[0]``, ``["a.b"]``, ``items[*].sku``."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from deployments.json_cells import key_text

_STEP = re.compile(
    r"""(?:^|\.)(?P<name>[^.\[\]"]+) | \[(?P<place>-?\d+)\] | \[(?P<each>\*)\]
      | \["(?P<quoted>[^"]*)"\]""",
    re.VERBOSE,
)

Step = str | int | None
"""A key of a map, a place in a list, or None for each element of one."""


class NoSuchPlace(Exception):
    """A document has nothing there."""


@lru_cache(maxsize=1024)
def parsed(path: str) -> tuple[Step, ...]:
    """The steps of a path. Raises ValueError."""
    steps: list[Step] = []
    at = 0
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None:
            break
        at = found.end()
        if found["place"] is not None:
            steps.append(int(found["place"]))
        elif found["each"] is not None:
            steps.append(None)
        else:
            steps.append(found["quoted"] if found["quoted"] is not None else found["name"])
    if not steps or at < len(path):
        raise ValueError(
            f"{path!r} is no path into a document: write it like address.city, tags[0], "
            '["a.b"] or items[*].sku'
        )
    return tuple(steps)


def found(document: Any, steps: tuple[Step, ...]) -> Any:
    """What stands at a path, None for null on the way. Raises NoSuchPlace."""
    for place, step in enumerate(steps):
        if document is None:
            return None
        if step is None:
            if not isinstance(document, list):
                raise NoSuchPlace
            return [found(one, steps[place + 1 :]) for one in document]
        document = _one(document, step)
    return document


def _one(document: Any, step: str | int) -> Any:
    if isinstance(step, int):
        if isinstance(document, list) and -len(document) <= step < len(document):
            return document[step]
    elif isinstance(document, Mapping):
        if step in document:
            return document[step]
        # The keys of a map may be of any scalar; JSON has their text.
        for key, value in document.items():
            if not isinstance(key, str) and key_text(key) == step:
                return value
    raise NoSuchPlace
