"""Reads a view around the records in it that cannot be read."""

import time
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from deployments.features.freshness import UNUSABLE
from deployments.features.plan import StoredView
from deployments.features.view_batch import Key
from deployments.features.view_rows import ViewRows

Faults = dict[Key, str]
"""Why the row of a key cannot be used, though the store has it."""


class Reader(Protocol):
    """One connection to the store."""

    def read(self, view: StoredView, keys: Sequence[Key], faults: Faults) -> ViewRows:
        """The rows of distinct keys; those with values that no column can take are UNUSABLE, and
        ``faults`` says why. Raises what the store's client raises."""

    def probe(self, view: StoredView) -> None:
        """Ask for a key that nobody has. Raises where the view cannot be read."""

    def close(self) -> None:
        """Give its connections back."""


def read_around(
    reader: Reader, view: StoredView, keys: Sequence[Key], faults: Faults, until: float
) -> ViewRows:
    """The rows of distinct keys; those that cannot be read are UNUSABLE, and ``faults`` says why.

    Where the read fails and the view can be read nevertheless, what is wrong is in some record:
    they are found by halves, ``until`` an instant of the monotonic clock; what is not cleared by
    then counts among them.
    Raises what the read raised where the view cannot be read at all.
    """
    try:
        return reader.read(view, keys, faults)
    except Exception as failure:
        try:
            reader.probe(view)
        except Exception:
            raise failure from None
    rows = _apart(reader, view, keys, faults, until)
    if faults:
        reader.probe(view)  # else the store went away meanwhile, and no record is to blame
    return rows


def _apart(
    reader: Reader, view: StoredView, keys: Sequence[Key], faults: Faults, until: float
) -> ViewRows:
    rows = ViewRows.empty(view.layout, len(keys))
    parts = [np.arange(len(keys))]  # all of them once more: it may have been a stumble
    reason = ""
    while parts:
        places = parts.pop()
        part = [keys[place] for place in places.tolist()]
        within_time = not reason or time.monotonic() < until
        if within_time:
            try:
                rows.put(places, reader.read(view, part, faults))
                continue
            except Exception as failure:
                reason = reason_of(failure)
        if within_time and len(part) > 1:
            parts += reversed(np.array_split(places, 2))
            continue
        rows.event_at[places] = UNUSABLE
        faults.update(dict.fromkeys(part, reason))
    return rows


def reason_of(failure: BaseException) -> str:
    """An error as one line of text; some quote the bytes that they were about."""
    line = " ".join(f"{type(failure).__name__}: {failure}".split())
    return "".join(one if one.isprintable() else "?" for one in line)
