"""The named parts of what a program takes or answers."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any


def named_parts(whole: Any) -> Mapping[Any, Any] | None:
    """The parts of a dict, a NamedTuple or a dataclass by their names; None of anything else."""
    if isinstance(whole, Mapping):
        return whole
    if is_dataclass(whole):
        return {field.name: getattr(whole, field.name) for field in fields(whole)}
    if isinstance(whole, tuple) and hasattr(whole, "_fields"):
        return dict(zip(whole._fields, whole, strict=True))
    return None
