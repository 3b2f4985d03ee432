"""The types of columns, as contracts, manifests and error messages write them.

A scalar or a document by its name, and ``array<T>``, ``array<T, length>``, ``set<T>`` and
``struct<name: T, ...>`` of others; ``float32`` is a type of elements alone.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator

NUMBERS = ("float64", "bool", "timestamp", "float32")
"""Carried as floats, or as they are inside of arrays; instants in epoch seconds, UTC."""
TEXTS = ("string", "uuid", "bytes", "decimal", "zoned_timestamp")
DOCUMENTS = ("json", "map", "scalar_map")
_NAMES = frozenset(("int64", *NUMBERS, *TEXTS, *DOCUMENTS))

_TOKEN = re.compile(r"\s*([<>,:]|[^<>,:\s](?:[^<>,:]*[^<>,:\s])?)")
DEEPEST = 8
"""How deep a value may be nested, documents too."""


@dataclass(frozen=True, slots=True)
class Type:
    """``kind`` is the name of a scalar or document, or ``array``, ``set`` or ``struct``; ``item``
    is of arrays and sets, ``length`` of arrays that are all as long, ``fields`` of structs."""

    kind: str
    item: "Type | None" = None
    length: int | None = None
    fields: tuple[tuple[str, "Type"], ...] = ()

    @property
    def is_list(self) -> bool:
        """Whether it holds scalars one after the other, which a column carries as an array; lists
        of lists and of documents are documents."""
        return self.item is not None and self.item.kind in _NAMES - set(DOCUMENTS)

    @property
    def innermost(self) -> "Type":
        """What it holds however deep in lists, or itself."""
        return self if self.item is None else self.item.innermost

    @property
    def is_document(self) -> bool:
        """Whether it has parts of its own, which a column carries as a Python object."""
        if self.item is not None:
            return not self.is_list
        return bool(self.fields) or self.kind in DOCUMENTS

    def __str__(self) -> str:
        if self.item is not None:
            length = f", {self.length}" if self.length is not None else ""
            return f"{self.kind}<{self.item}{length}>"
        if self.fields:
            return f"struct<{', '.join(f'{name}: {one}' for name, one in self.fields)}>"
        return self.kind


@lru_cache(maxsize=4096)
def type_of(dtype: str) -> Type:
    """What a dtype's text says. Raises ValueError for text that names no type."""
    tokens = _TOKEN.findall(dtype)
    if "".join(dtype.split()) == "".join("".join(tokens).split()):
        try:
            found, left = _parsed(tokens, 0)
        except (IndexError, ValueError) as error:
            raise ValueError(_refusal(dtype)) from error
        if not left and found.kind != "float32":
            return found
    raise ValueError(_refusal(dtype))


def _refusal(dtype: str) -> str:
    names = ", ".join(sorted(_NAMES - {"float32"}))
    return f"{dtype!r} is no type: use {names}, array<T>, array<T, length>, set<T> or struct<...>"


def _parsed(tokens: list[str], depth: int) -> tuple[Type, list[str]]:
    """The type at the beginning of these tokens, and those behind it."""
    if depth > DEEPEST:
        raise ValueError
    name, *tokens = tokens
    if name in _NAMES:
        return Type(name), tokens
    if name not in ("array", "set", "struct") or tokens[0] != "<":
        raise ValueError
    if name == "struct":
        return _struct(tokens, depth)
    item, tokens = _parsed(tokens[1:], depth + 1)
    length = None
    if tokens[0] == "," and name == "array":
        length, tokens = int(tokens[1]), tokens[2:]
        if length < 1:
            raise ValueError
    if tokens[0] != ">":
        raise ValueError
    return Type(name, item, length), tokens[1:]


def _struct(tokens: list[str], depth: int) -> tuple[Type, list[str]]:
    fields: dict[str, Type] = {}
    while tokens[0] in "<,":
        name, colon, *tokens = tokens[1:]
        if colon != ":" or name in fields:
            raise ValueError
        fields[name], tokens = _parsed(tokens, depth + 1)
    if tokens[0] != ">":
        raise ValueError
    return Type("struct", fields=tuple(fields.items())), tokens[1:]


def _known(dtype: str) -> str:
    return str(type_of(dtype))


DType = Annotated[str, AfterValidator(_known)]
"""A type's text, in the one form that ``str(type_of(...))`` has."""
