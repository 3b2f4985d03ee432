"""From what msgspec decoded of a field to the cell that a column takes, with what msgspec does not
check: ranges of instants and decimals, depth, what is there twice."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import Any

import msgspec

from app.serving.domain import Domain
from deployments.dtypes import DEEPEST
from deployments.zoned import parsed

Finish = Callable[[Any], Any]

_DIGITS = 38


class Unfit(ValueError):
    """A value that a field cannot have, in words; ``beyond`` where it is only out of range."""

    def __init__(self, what: str = "", *, beyond: bool = False) -> None:
        super().__init__(what)
        self.what, self.beyond = what, beyond


def finish_of(domain: Domain) -> Finish | None:
    """What makes a decoded value a cell, and raises Unfit; None where it is one already."""
    kind = domain.kind.kind
    if kind in ("array", "set"):
        each = finish_of(domain.item)
        return _different(each) if kind == "set" else each and _each(each)
    if kind == "struct":
        return _struct(domain.members)
    made = _MADE.get(kind)
    return made and made(domain)


def finite_of(domain: Domain) -> Callable[[Any], bool] | None:
    """Whether all numbers of a cell are finite: JSON's are, others' may not be. None where it has
    none that could be otherwise."""
    if domain.kind.item is not None:
        one = finite_of(domain.item)
        return one and (lambda cell: all(map(one, cell)))
    return isfinite if domain.kind.kind in ("float64", "float32") else None


def _each(finish: Finish) -> Finish:
    def finished(values: list[Any]) -> list[Any]:
        return list(map(finish, values))

    return finished


def _different(finish: Finish | None) -> Finish:
    def finished(values: list[Any]) -> list[Any]:
        cells = values if finish is None else list(map(finish, values))
        # Lists of lists, and documents, have no hash.
        texts = [one if one.__hash__ else msgspec.json.encode(one) for one in cells]
        if len(set(texts)) < len(texts):
            (twice, _), *_ = Counter(texts).most_common(1)
            raise Unfit(f"{str(twice)[:40]!r} is there twice")
        return cells

    return finished


def _struct(members: Mapping[str, Domain]) -> Finish:
    finishes = [(name, finish_of(domain)) for name, domain in members.items()]

    def finished(value: msgspec.Struct) -> dict[str, Any]:
        return {
            name: finish(cell) if finish is not None and cell is not None else cell
            for (name, finish), cell in zip(finishes, msgspec.structs.astuple(value), strict=True)
        }

    return finished


def _instants(domain: Domain) -> Finish:
    low, high = domain.minimum, domain.maximum
    assert low is not None
    assert high is not None

    def finished(at: datetime) -> float:
        seconds = at.timestamp()
        if not low <= seconds <= high:
            raise Unfit(beyond=True)
        return seconds

    return finished


def _zoned(domain: Domain) -> Finish:
    def finished(text: str) -> datetime:
        try:
            at = parsed(text)
        except ValueError as error:
            raise Unfit(str(error)) from None
        if not domain.holds(at.timestamp()):
            raise Unfit(beyond=True)
        return at

    return finished


def _decimals(domain: Domain) -> Finish:
    def finished(number: Decimal) -> Decimal:
        if not number.is_finite():
            raise Unfit("it is not finite")
        _, digits, exponent = number.as_tuple()
        assert isinstance(exponent, int)
        if max(len(digits), len(digits) + exponent) > _DIGITS or exponent < -_DIGITS:
            raise Unfit("it has more digits", beyond=True)
        if not domain.holds(number):  # type: ignore[arg-type]
            raise Unfit(beyond=True)
        return number

    return finished


def _documents(domain: Domain) -> Finish:
    def finished(document: Any) -> Any:
        if isinstance(document, dict | list) and _depth(document, DEEPEST) > DEEPEST:
            raise Unfit(f"it is nested more than {DEEPEST} deep")
        return document

    return finished


def _depth(document: Any, most: int) -> int:
    """How deep it is nested, as far as to one more than ``most``."""
    inside = document.values() if isinstance(document, dict) else document
    deeper = [one for one in inside if isinstance(one, dict | list)]
    if not deeper or not most:
        return 1
    return 1 + max(_depth(one, most - 1) for one in deeper)


def _texts(domain: Domain) -> Finish:
    return str


_MADE: Mapping[str, Callable[[Domain], Finish]] = {
    "timestamp": _instants,
    "zoned_timestamp": _zoned,
    "decimal": _decimals,
    "uuid": _texts,
    "json": _documents,
    "map": _documents,
    "scalar_map": _documents,
}
