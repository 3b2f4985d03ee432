"""The replicas of a stage as its caller sees them: which are there, and which do not answer."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import TypeVar

from app.layouts.hops.metrics import HopMetrics
from deployments.log import get_logger

logger = get_logger(__name__)

R = TypeVar("R", bound=Hashable)


class Replicas:
    """Of one stage, by the ids that Serve's router has for them.

    A replica is late, and then hung, while what was sent to it has been without an answer for the
    first or the second of its limits; any answer takes it back, and so does an end without one.
    """

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.there: Collection[Hashable] | None = None
        """None until the router has been told of some."""
        self._metrics = HopMetrics(stage)
        # By replica, whether it is hung: written anew at each change, since the router reads it.
        self._late: Mapping[Hashable, bool] = {}

    def update(self, there: Collection[Hashable]) -> None:
        """The router has these now; it says so in a thread of its own, maybe."""
        self.there = there
        self._metrics.ejected(len(self.ejected()))

    def silent(self) -> str | None:
        """Why a batch cannot be sent, if it cannot; for the first replicas it can wait."""
        there = self.there
        if there is None:
            return None
        if not there:
            return "no replica is there"
        if self._late and all(self._late.get(one) for one in there):
            return "its replica does not answer" if len(there) == 1 else "no replica answers"
        return None

    def ejected(self) -> Sequence[str]:
        """Names of those that get no batch while others are there."""
        there = self.there or ()
        return sorted(_name(one) for one in self._late if one in there)

    def spare(self) -> bool:
        """Whether there is one that answers."""
        return any(one not in self._late for one in self.there or ())

    def choice(self, candidates: set[R]) -> set[R]:
        """Those of them that a batch may go to: that answer or, if none does, are not hung yet."""
        late = self._late
        if not late:
            return candidates
        return {one for one in candidates if one not in late} or {
            one for one in candidates if not late.get(one)
        }

    def late(self, replica: Hashable, seconds: float, *, hung: bool) -> None:
        """It has kept a batch for so long."""
        self._metrics.passed(hung)
        if self._late.get(replica) not in (hung, True):
            self._change({**self._late, replica: hung})
            gets = "no batch" if hung else "none while others are there"
            message = "%s: replica %s has not answered for %.1f s, and gets %s until it does"
            logger.warning(message, self.stage, _name(replica), seconds, gets)

    def ended(self, replica: Hashable, *, answered: bool = True) -> None:
        """What was sent to it has come to its end."""
        if replica in self._late:
            self._change({one: hung for one, hung in self._late.items() if one != replica})
            does = "answers again" if answered else "has lost what it was sent"
            logger.warning("%s: replica %s %s", self.stage, _name(replica), does)

    def _change(self, late: Mapping[Hashable, bool]) -> None:
        there = self.there or ()
        self._late = {one: hung for one, hung in late.items() if one in there}
        self._metrics.ejected(len(self._late))


def _name(replica: Hashable) -> str:
    return str(getattr(replica, "unique_id", replica))
