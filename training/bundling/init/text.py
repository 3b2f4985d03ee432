"""YAML as a person writes it: a line for each entry of a list."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml


def flow(value: Any) -> str:
    """A value in one line, ``{name: a, example: 1}``."""
    text = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**9
    )
    return text.removesuffix("\n").removesuffix("\n...")


def entries(values: Iterable[Mapping[str, Any]], indent: str = "  ") -> list[str]:
    """Lines of a list of mappings."""
    return [f"{indent}- {flow(dict(value))}" for value in values]
