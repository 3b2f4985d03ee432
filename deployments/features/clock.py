"""The clock against which feature age is measured: the wall's, or a replayed one."""

import time
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from deployments.strict import StrictModel


class WallClock(StrictModel, frozen=True):
    """Live serving: now is now."""

    mode: Literal["wall"] = "wall"


class ReplayClock(StrictModel, frozen=True):
    """Serve the past as if live: starts at ``start`` when the replica does, so with a ``speed``
    over 0 replicas that started apart are apart.

    ``speed`` is in replayed seconds per second; 0 stands still at ``start``.
    """

    mode: Literal["replay"]
    start: AwareDatetime
    speed: float = Field(default=1.0, ge=0)


ClockConfig = Annotated[WallClock | ReplayClock, Field(discriminator="mode")]


class Clock:
    """Answers the current instant in epoch seconds."""

    def __init__(self, config: WallClock | ReplayClock) -> None:
        self._origin = time.time()
        if isinstance(config, ReplayClock):
            self._start, self._speed = config.start.timestamp(), config.speed
        else:
            self._start, self._speed = self._origin, 1.0

    def now(self) -> float:
        return self._start + (time.time() - self._origin) * self._speed
