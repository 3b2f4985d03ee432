"""All columns that preprocessing may read, and what is known of their values."""

from collections.abc import Collection, Mapping, Sequence
from itertools import chain

from deployments.bundle.schema import ServiceSchema
from deployments.columns import Column
from deployments.dtypes import DType, type_of
from training.bundling.column_names import named


class Columns:
    """Features in the order of the service, then request features, then entity keys; ``values``
    are rows of them."""

    def __init__(self, schema: ServiceSchema, values: Mapping[str, Column]) -> None:
        self.features, self.request = dict(schema.columns), dict(schema.request)
        self.dtypes: dict[str, DType] = {**self.features, **self.request, **schema.entities}
        self._values = values

    def all_named(self, names: Sequence[str]) -> list[str]:
        """The columns of these names. Raises ValueError for one that is none."""
        found = []
        for name in names:
            column = named(name, self.dtypes)
            if column is None:
                raise ValueError(f"there is no column {name!r}: there are {', '.join(self.dtypes)}")
            found.append(column)
        return found

    def item(self, name: str) -> str:
        """The type of its elements, of what is no array its own."""
        kind = type_of(self.dtypes[name])
        return kind.item.kind if kind.item and kind.is_list else kind.kind

    def is_list(self, name: str) -> bool:
        """Whether it is an array or a set of scalars."""
        return type_of(self.dtypes[name]).is_list

    def length(self, name: str) -> int | None:
        """That of its arrays, where all are as long; 1 of what is no array."""
        kind = type_of(self.dtypes[name])
        if not kind.is_list or kind.length:
            return kind.length or 1
        cells = self._values[name].tolist() if name in self._values else []
        lengths = {len(cell) for cell in cells if cell is not None}
        return lengths.pop() if len(lengths) == 1 and kind.kind == "array" else None

    def lengths(self, names: Collection[str]) -> int | None:
        """Of several side by side."""
        found = [self.length(name) for name in names]
        return None if None in found else sum(filter(None, found))

    def size(self, name: str) -> int:
        """One more than its largest whole number, or that of an element."""
        cells = self._values[name].tolist() if name in self._values else []
        known = [cell for cell in cells if cell is not None]
        values = chain.from_iterable(known) if self.is_list(name) else known
        return 1 + max(map(int, values), default=0)
