"""Windows of views, added up until they have rows enough to tell skew from chance."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.observability.skew.report import ViewSkew

Key = tuple[str, str, str]
"""A model, a version of it, and a view."""


@dataclass(frozen=True, slots=True)
class _Window:
    """``since_ns`` is when its first rows were served at the earliest, ``until_ns`` its last at the
    latest."""

    found: ViewSkew
    since_ns: int
    until_ns: int


class Windows:
    """Of each view of a version the newest that has ``least`` rows, and the one that is on the way
    there; what is older than ``age_ns`` is forgotten."""

    def __init__(self, least: int, age_ns: int) -> None:
        self._least = least
        self._age_ns = age_ns
        self._judged: dict[Key, _Window] = {}
        self._begun: dict[Key, _Window] = {}

    def take(self, views: Iterable[ViewSkew], since_ns: int, until_ns: int) -> dict[Key, ViewSkew]:
        """Add what was served between two instants; those that have rows enough with it."""
        self._forget(until_ns - self._age_ns)
        full = {}
        for view in views:
            key = view.model, view.version, view.view
            window = _Window(view, since_ns, until_ns)
            if before := self._begun.pop(key, None):
                window = _Window(view.after(before.found), before.since_ns, until_ns)
            if window.found.rows >= self._least:
                self._judged[key] = window
                full[key] = window.found
            else:
                self._begun[key] = window
        return full

    @property
    def judged(self) -> Iterator[ViewSkew]:
        """Those that had rows enough."""
        return (window.found for window in self._judged.values())

    @property
    def begun(self) -> Iterator[ViewSkew]:
        """Those of views that never had, or not for long."""
        return (one.found for key, one in self._begun.items() if key not in self._judged)

    def _forget(self, oldest_ns: int) -> None:
        self._judged = {key: one for key, one in self._judged.items() if one.until_ns >= oldest_ns}
        self._begun = {key: one for key, one in self._begun.items() if one.since_ns >= oldest_ns}
