"""The values that a field of a request may have: its type, within the limits of its bundle."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from deployments.bundle.manifest import FieldSpec
from deployments.dtypes import Type, type_of

Bound = int | float | None

MAX_LENGTH: Mapping[str, int] = {"string": 256, "bytes": 4096, "array": 4096, "set": 4096}
"""How long a value may be where the bundle does not say: characters, bytes, elements. Keys are
short, and a frame has a size limit."""

# A batch is as good as its worst row, so no row may hold what a later stage cannot: pandas'
# instants end in 2262.
_FIRST = datetime(1700, 1, 1, tzinfo=UTC).timestamp()
_LAST = datetime(2262, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True)
class Domain:
    """``minimum`` and ``maximum`` are inclusive, of the innermost elements of lists, instants in
    epoch seconds; ``max_length`` is there where a value has a length that its type leaves open."""

    kind: Type
    minimum: Bound = None
    maximum: Bound = None
    max_length: int | None = None

    @classmethod
    def of(cls, field: FieldSpec) -> "Domain":
        """What the bundle says, no wider than what a column can carry."""
        return _within(type_of(field.dtype), field.minimum, field.maximum, field.max_length)

    @cached_property
    def item(self) -> "Domain":
        """That of a list's elements."""
        assert self.kind.item is not None
        return _within(self.kind.item, self.minimum, self.maximum)

    @cached_property
    def members(self) -> "dict[str, Domain]":
        """Those of a struct's members."""
        return {name: _within(kind) for name, kind in self.kind.fields}

    def holds(self, number: float) -> bool:
        """Whether a number is in the range."""
        return (self.minimum is None or number >= self.minimum) and (
            self.maximum is None or number <= self.maximum
        )


def _within(
    kind: Type, minimum: Bound = None, maximum: Bound = None, max_length: int | None = None
) -> Domain:
    if kind.innermost.kind in ("timestamp", "zoned_timestamp"):
        minimum = _FIRST if minimum is None else max(_FIRST, minimum)
        maximum = _LAST if maximum is None else min(_LAST, maximum)
    if kind.length is None and max_length is None:
        max_length = MAX_LENGTH.get(kind.kind)
    return Domain(kind, minimum, maximum, max_length)
