"""How an alert is declared."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal


class Severity(Enum):
    """Whom it reaches."""

    PAGE = "page"
    """Somebody is woken: clients are failed now, or soon."""
    TICKET = "ticket"
    """It is looked at in working hours."""


@dataclass(frozen=True, slots=True)
class Condition:
    """``value`` is an expression that has data while all is well, too."""

    value: str
    sign: Literal[">", "<", "==", ">="]
    bound: float

    @property
    def expr(self) -> str:
        """The series for which it is met."""
        return f"({self.value}) {self.sign} {self.bound:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """It fires for each series for which all conditions have been met for ``lasts``. ``summary``
    and ``description`` name the series by ``{{ $labels.x }}``."""

    name: str
    severity: Severity
    conditions: Sequence[Condition]
    lasts: str
    summary: str
    description: str

    @property
    def expr(self) -> str:
        """All conditions as one expression."""
        return " and ".join(condition.expr for condition in self.conditions)

    @property
    def anchor(self) -> str:
        """Of its walk in docs/operations.md."""
        return self.name.lower()


def page(name: str, lasts: str, *conditions: Condition, summary: str, description: str) -> Alert:
    """One that wakes somebody."""
    return Alert(
        name=f"Windsock{name}", severity=Severity.PAGE, conditions=conditions, lasts=lasts,
        summary=summary, description=description,
    )  # fmt: skip


def ticket(name: str, lasts: str, *conditions: Condition, summary: str, description: str) -> Alert:
    """One that can wait for the morning."""
    return Alert(
        name=f"Windsock{name}", severity=Severity.TICKET, conditions=conditions, lasts=lasts,
        summary=summary, description=description,
    )  # fmt: skip
