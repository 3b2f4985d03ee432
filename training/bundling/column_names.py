"""How programs may name columns."""

from collections.abc import Collection


def named(name: str, columns: Collection[str]) -> str | None:
    """The column of this name, or the feature that alone has it in its view; None if there is
    none."""
    if name in columns:
        return name
    found = [column for column in columns if column.partition("__")[2] == name]
    return found[0] if len(found) == 1 else None
