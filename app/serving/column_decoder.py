"""A field's values as a protocol carries them that has columns, judged as those of JSON are."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from app.serving.cells import Unfit, finish_of, finite_of
from app.serving.domain import Domain
from app.serving.errors import ErrorCode, InvalidRequest
from app.serving.fields import limits
from app.serving.pieces import UNREADABLE
from app.serving.problems import problem, unfit, wrong
from deployments.bundle.manifest import FieldSpec

_PLACE = re.compile(r"\[(\d+)\](.*)", re.DOTALL)
_SHOWN = 100
# NumPy's kinds of the numbers that an element takes without loss.
_TAKEN = {"float64": "fiu", "float32": "fiu", "int64": "iu", "bool": "b"}


class ColumnDecoder:
    """``kind`` is what msgspec checks of one value, ``allowed`` in words what each field takes."""

    def __init__(self, field: FieldSpec, kind: Any, allowed: Mapping[str, str]) -> None:
        self._field, self._allowed = field, allowed
        self._domain = Domain.of(field)
        self._list: Any = list[kind]
        self._json: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind)
        item = self._domain.kind.item
        self._numbers = (
            _TAKEN.get(item.kind) if item and self._domain.kind.kind == "array" else None
        )
        self._finish, self._finite = finish_of(self._domain), finite_of(self._domain)

    def decode(self, values: Sequence[Any] | npt.NDArray[Any]) -> Sequence[Any]:
        """A cell for each row: from what JSON would hold (instants are text), bytes as they are, or
        from an array [N, k]; None, and a float's NaN, are missing where the field is optional.

        Raises InvalidRequest, which names field and row.
        """
        if isinstance(values, np.ndarray):
            if values.ndim == 2 and self._numbers:
                return self._block(values)
            values = values.tolist()
        if self._field.optional and self._field.dtype == "float64":
            values = [None if value != value else value for value in values]
        try:
            column: list[Any] = msgspec.convert(values, self._list)
        except msgspec.ValidationError as error:
            what, path = problem(error)
            place = _PLACE.fullmatch(path)
            row, where = (int(place[1]), place[2]) if place else (None, "")
            raise wrong(self._field.name, self._allowed, what, where, row) from None
        if (finite := self._finite) is not None:
            for row, cell in enumerate(column):
                if cell is not None and not finite(cell):
                    raise self._unfit(Unfit(beyond=True), row)
        if (finish := self._finish) is not None:
            for row, cell in enumerate(column):
                try:
                    if cell is not None:
                        column[row] = finish(cell)
                except Unfit as error:
                    raise self._unfit(error, row) from None
        return column

    def from_json(self, texts: Sequence[bytes | str | None]) -> list[Any]:
        """A value for each row from its JSON (None is missing), for ``decode``. Raises
        InvalidRequest in the same way."""
        values = []
        name = self._field.name
        for row, text in enumerate(texts):
            try:
                values.append(None if text is None else self._json.decode(text))
            except msgspec.ValidationError as error:
                what, path = problem(error)
                where = f".{path}" if path and not path.startswith("[") else path
                raise wrong(name, self._allowed, what, where, row) from None
            except UNREADABLE as error:
                why = f"{name}: it is not JSON: {str(error)[:_SHOWN]}"
                raise InvalidRequest(ErrorCode.INVALID_FIELD, why, name, row) from None
        return values

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of a value."""
        items: dict[str, Any] = msgspec.json.schema(self._list)["items"]
        return items

    def _block(self, values: npt.NDArray[Any]) -> Sequence[Any]:
        """The rows of an array [N, k], views of it."""
        domain, (_, length) = self._domain, values.shape
        name, allowed = self._field.name, self._allowed
        if self._numbers is None or values.dtype.kind not in self._numbers:
            raise wrong(name, allowed, f"got {values.dtype}")
        exact = domain.kind.length
        if length != exact if exact else length > (domain.max_length or 0):
            raise wrong(name, allowed, f"got {length} elements a row")
        if values.dtype == np.float16:
            values = values.astype(np.float32)  # which knows the limits
        low, high = limits(domain.item)
        fits = np.isfinite(values)
        fits &= True if low is None else values >= low
        fits &= True if high is None else values <= high
        if not fits.all():
            raise self._unfit(Unfit(beyond=True), int(np.argmin(fits.all(axis=1))))
        return list(values)

    def _unfit(self, error: Unfit, row: int) -> InvalidRequest:
        return unfit(self._field.name, self._allowed, error, row)
