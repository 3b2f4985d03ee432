"""Steps that make a new column of others, as a spec declares them."""

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from deployments.preprocess.paths import parsed
from deployments.strict import StrictModel


class LocalTime(StrictModel, frozen=True):
    """Calendar part of an instant (float64 epoch seconds, UTC), in a named time zone.

    ``hour_of_day`` is fractional, 0 to 24; ``day_of_week`` is 0 (Monday) to 6.
    """

    name: str
    op: Literal["hour_of_day", "day_of_week"]
    of: str
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError) as error:
            raise ValueError(f"{name!r} is not in the time zone database") from error
        return name


class Subtract(StrictModel, frozen=True):
    """``of - minus``; ``hours_between`` takes instants in seconds and answers in hours."""

    name: str
    op: Literal["difference", "hours_between"]
    of: str
    minus: str


class Cyclic(StrictModel, frozen=True):
    """``sin`` or ``cos`` of a quantity that repeats every ``period`` (in the column's unit)."""

    name: str
    op: Literal["sin", "cos"]
    of: str
    period: float = Field(gt=0)


class Log(StrictModel, frozen=True):
    """Natural logarithm of a number or of each element of an array: ``log``, or ``log1p`` of one
    more. Of what has none it is missing (NaN)."""

    name: str
    op: Literal["log", "log1p"]
    of: str


class Concat(StrictModel, frozen=True):
    """One string key from several columns; missing as soon as one part is missing."""

    name: str
    op: Literal["concat"]
    of: list[str] = Field(min_length=2)
    separator: str = "|"


class Path(StrictModel, frozen=True):
    """What stands in a document at ``address.city``, ``tags[0]``, ``["a.b"]`` or, of each element
    of a list, ``items[*].sku``.

    It is missing where the document or what stands there is (null); a document without such a
    place is an error of its row, or missing where that is ``optional``.
    """

    name: str
    op: Literal["path"]
    of: str
    path: str
    optional: bool = False

    @field_validator("path")
    @classmethod
    def _parses(cls, path: str) -> str:
        parsed(path)
        return path


Derived = Annotated[LocalTime | Subtract | Cyclic | Log | Concat | Path, Field(discriminator="op")]
