"""What is asked: "what if it had been otherwise", in words."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


class BadScenario(ValueError):
    """The message says what of it cannot be asked, and what can."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing or several at once; None is as recorded. ``bounds`` by deployment, "" for all."""

    text: str
    bounds: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    layout: str | None = None
    cache_ttl_s: float | None = None
    spot: float | None = None

    @property
    def simulated(self) -> bool:
        """Whether it changes what runs, and not only what it costs."""
        return bool(self.bounds) or self.layout is not None or self.cache_ttl_s is not None


def scenario(text: str) -> Scenario:
    """Of ``max_replicas=4``, ``Features.max_replicas=3``, ``min_replicas=1``, ``layout=collapsed``,
    ``cache_ttl_s=30``, ``spot=0.5``, or several of them with commas. Raises BadScenario."""
    found: dict[str, Any] = {}
    bounds: dict[str, dict[str, int]] = {}
    seen: set[str] = set()
    for part in text.split(","):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not value:
            raise BadScenario(f"{part!r} is not of the form max_replicas=4")
        if key in seen:
            raise BadScenario(f"{key} stands in {text!r} twice")
        seen.add(key)
        deployment, _, bound = key.rpartition(".")
        if bound in _BOUNDS:
            bounds.setdefault(deployment, {})[bound] = _whole(key, value, _BOUNDS[bound])
        elif key in _OTHERS:
            found[key] = _OTHERS[key](key, value)
        else:
            known = ", ".join((*_BOUNDS, "Features.max_replicas and the like", *_OTHERS))
            raise BadScenario(f"nothing is known of {key!r}: there are {known}")
    return Scenario(text, bounds, **found)


def bounded(
    autoscaling: Mapping[str, Any] | None, deployment: str, asked: Mapping[str, Mapping[str, int]]
) -> dict[str, Any] | None:
    """Its ``autoscaling_config`` with what is asked of it. Raises BadScenario for a deployment that
    does not scale, or bounds that cross."""
    wanted = {**asked.get("", {}), **asked.get(deployment, {})}
    if not wanted:
        return dict(autoscaling) if autoscaling is not None else None
    if autoscaling is None:
        raise BadScenario(f"{deployment} has no autoscaling_config, and so no bounds to change")
    least = wanted.get("min_replicas", autoscaling.get("min_replicas", 1))
    most = wanted.get("max_replicas", autoscaling.get("max_replicas", 1))
    if least > most:
        raise BadScenario(f"min_replicas of {deployment} would be {least}, and max_replicas {most}")
    changed = {**autoscaling, "min_replicas": least, "max_replicas": most}
    changed.pop("initial_replicas", None)
    return changed


def _whole(key: str, value: str, least: int) -> int:
    if not value.isascii() or not value.isdecimal() or not least <= int(value) <= 10_000:
        raise BadScenario(f"{key} must be a whole number from {least} to 10000, not {value!r}")
    return int(value)


def _number(key: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadScenario(f"{key} must be a number, not {value!r}")
    return number


def _share(key: str, value: str) -> float:
    number = _number(key, value)
    if not 0 <= number <= 1:
        raise BadScenario(f"{key} must be a share from 0 to 1, not {value!r}")
    return number


def _seconds(key: str, value: str) -> float:
    number = _number(key, value)
    if number <= 0:
        raise BadScenario(f"{key} must be above 0, not {value!r}")
    return number


def _layout(key: str, value: str) -> str:
    if value not in ("distributed", "collapsed"):
        raise BadScenario(f"{key} is distributed or collapsed, not {value!r}")
    return value


_BOUNDS = {"min_replicas": 0, "max_replicas": 1}
_OTHERS: Mapping[str, Callable[[str, str], Any]] = {
    "layout": _layout,
    "cache_ttl_s": _seconds,
    "spot": _share,
}
