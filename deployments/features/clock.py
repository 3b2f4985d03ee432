"""The clock against which feature age is measured: the wall's, or a replayed one."""

import time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from deployments.features.watermark import Watermark
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
    """Answers the current instant in epoch seconds.

    A replayed one follows a watermark where there is one: while its file is there, now is what the
    file says, and neither ``start`` nor ``speed`` count.
    """

    def __init__(self, config: WallClock | ReplayClock, followed: Path | None = None) -> None:
        self._origin = time.time()
        self._watermark: Watermark | None = None
        if isinstance(config, ReplayClock):
            self._start, self._speed = config.start.timestamp(), config.speed
            self._watermark = Watermark(followed) if followed else None
        else:
            self._start, self._speed = self._origin, 1.0

    @property
    def replayed(self) -> bool:
        """Whether it follows a watermark, so that it may leap, and go back."""
        return self._watermark is not None

    def now(self) -> float:
        followed = self._watermark.instant() if self._watermark else None
        if followed is not None:
            return followed
        return self._start + (time.time() - self._origin) * self._speed
