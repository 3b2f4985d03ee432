"""What a row's age, and how it was come by, make of it under its view's policy."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np
import numpy.typing as npt

from deployments.features.settings import LookupSettings
from deployments.frames import Status, ViewStates

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

UNUSABLE = -np.inf
"""The event time of a row that is there but holds a value that no column can take."""


class Origin(IntEnum):
    """How a row was come by."""

    READ = 0
    """From the store, or from the cache within its time."""
    KEPT = 1
    """From the cache, while the store cannot be read: the last that is known."""
    UNKNOWN = 2
    """Not at all: the store cannot be read, and nothing was kept."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The policies of V views, each part [V, 1] so that it meets V x N rows."""

    names: tuple[str, ...]
    max_age_s: Floats
    stale: npt.NDArray[np.int8]
    refuse_stale: Mask
    refuse_missing: Mask
    refuses: bool
    """Whether any of them refuses anything."""

    @classmethod
    def of(cls, ttls_s: dict[str, float], settings: LookupSettings) -> Self:
        """For views with these times to live in seconds; one of 0 never expires, as in Feast."""
        policies = [settings.policy_of(name) for name in ttls_s]
        ages = [
            one.max_age_s or ttl_s or np.inf
            for one, ttl_s in zip(policies, ttls_s.values(), strict=True)
        ]
        refuse = [(one.stale == "refuse", one.missing == "refuse") for one in policies]
        refuse_stale, refuse_missing = np.array(refuse, dtype=bool).reshape(-1, 2, 1).swapaxes(0, 1)
        stale = [Status.DEFAULTED if one.stale == "default" else Status.STALE for one in policies]
        return cls(
            tuple(ttls_s),
            np.array(ages, dtype=np.float64).reshape(-1, 1),
            np.array(stale, dtype=np.int8).reshape(-1, 1),
            refuse_stale,
            refuse_missing,
            any(map(any, refuse)),
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """The states of V views and N rows, and what becomes of their values: two masks [V, N] that
    have no row in common."""

    states: ViewStates
    missing: Mask
    """The store has no such row, or one that is too old for its policy: its values are NaN or None,
    as the point-in-time join of training left them."""
    replaced: Mask | None
    """Whether there is such a row cannot be told, or it is broken: its values are the bundle's
    training defaults. None where there are none such."""


def judge(
    rules: Rules, event_at: Sequence[Floats], origin: npt.NDArray[np.int8] | None, now: float
) -> Verdict:
    """Date and judge each row of each view.

    ``event_at`` is float64 [V][N] in epoch seconds, NaN for no row, UNUSABLE for one that is
    broken; ``origin`` int8 [V, N], None where all of it was READ.
    """
    if not rules.names:
        nothing = np.empty((0, 0))
        states = ViewStates((), nothing.astype(np.int8), nothing, at=now)
        return Verdict(states, nothing > 0, None)
    age_s = now - np.array(event_at)
    absent, broken = np.isnan(age_s), np.isposinf(age_s)
    stale = (age_s > rules.max_age_s) & ~broken
    status = np.where(stale, rules.stale, Status.FRESH).astype(np.int8)
    status[absent] = Status.MISSING
    replaced = broken if broken.any() else None
    if origin is not None:
        # Whether it is still so cannot be asked, of a row that the store did not have, too.
        status[(origin == Origin.KEPT) & (status != Status.DEFAULTED)] = Status.STALE
        replaced = broken | (origin == Origin.UNKNOWN)
    left_out = (status == Status.DEFAULTED) | absent
    if replaced is not None:
        status[replaced] = Status.DEFAULTED
        age_s[replaced] = np.nan
        left_out &= ~replaced
    states = ViewStates(rules.names, status, np.maximum(age_s, 0.0), at=now)
    if rules.refuses:
        gone = absent if replaced is None else absent | replaced
        states.refused = _first((stale & rules.refuse_stale) | (gone & rules.refuse_missing))
    return Verdict(states, left_out, replaced)


def _first(refused: Mask) -> npt.NDArray[np.int8] | None:
    """For each row the place of the first view that refuses it, -1 where none does."""
    if not refused.any():
        return None
    return np.where(refused.any(axis=0), refused.argmax(axis=0), -1).astype(np.int8)
