"""What a preprocessing step is asked to do, before it is fitted. Plain JSON."""

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

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


class Concat(StrictModel, frozen=True):
    """One string key from several columns; missing as soon as one part is missing."""

    name: str
    op: Literal["concat"]
    of: list[str] = Field(min_length=2)
    separator: str = "|"


Derived = Annotated[LocalTime | Subtract | Cyclic | Concat, Field(discriminator="op")]


class Numeric(StrictModel, frozen=True):
    """One float32 input: fill what is missing, scale, clip.

    ``quantile_normal`` maps the training distribution to a standard normal through its
    empirical quantiles. With ``indicator`` a second column follows: 1 where missing, else 0.
    """

    column: str
    scale: Literal["none", "standard", "quantile_normal"] = "standard"
    fill: Literal["median", "mean", "zero"] = "median"
    indicator: bool = False
    clip: tuple[float, float] | None = None


class Categorical(StrictModel, frozen=True):
    """One int64 input: the value's place in the training vocabulary; 0 is unseen or missing."""

    column: str
    min_count: int = Field(default=1, ge=1)


class PreprocessSpec(StrictModel, frozen=True):
    """The whole preprocessing of a model, in the order in which columns reach it."""

    derived: list[Derived] = Field(default_factory=list)
    numeric: list[Numeric] = Field(default_factory=list)
    categorical: list[Categorical] = Field(default_factory=list)
