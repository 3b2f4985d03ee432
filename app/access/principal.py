"""Who asks, and what for."""

from dataclasses import dataclass
from enum import Enum
from math import inf
from typing import Annotated, Literal

from pydantic import Field

from deployments.strict import StrictModel


class Scope(Enum):
    """What a principal may be allowed, each by itself: none includes another."""

    PREDICT = "predict"
    FEEDBACK = "feedback"
    EXPLAIN = "explain"
    JOBS = "jobs"
    ADMIN = "admin"


class Limit(StrictModel, frozen=True):
    """At most ``quota`` requests, or rows, within ``window_s`` seconds, which are given back evenly
    (a token bucket): a burst may take all of it at once. The window is in whole seconds, since that
    is how clients are told of it."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
    unit: Literal["requests", "rows"] = "requests"
    quota: int = Field(ge=1, le=10**12)
    window_s: int = Field(default=1, ge=1, le=31 * 86_400)
    scope: Scope | None = None
    """Of which scope; None counts them together."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request is from. ``limits`` are its own, beside or in place of those that all have: by
    ``name``. ``until`` is when what it has shown expires, in epoch seconds, and ``key`` the id of
    the API key, where it was one."""

    id: str
    scopes: frozenset[Scope]
    limits: tuple[Limit, ...] = ()
    until: float = inf
    key: str | None = None
