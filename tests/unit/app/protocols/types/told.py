"""What a way to ask tells."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from tests.unit.app.protocols.types.cases import Case, Value
from tests.unit.app.protocols.types.service import Service

Values = Sequence[Value | None]
"""Of the rows that are asked for, None where the field is missing."""
Told = list[tuple[Any, dict[str, Any]]]
"""By row the value of the feature that echoes the field, and the outputs."""
Way = Callable[[Service, str, Case, Values], Awaitable[Told]]
"""Asks for rows by the values of the field of this name."""
