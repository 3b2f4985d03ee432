"""Where a request's time went, for the clients that ask."""

from time import perf_counter

from app.serving.chain import StageTimes


class ServerTiming:
    """Seconds since ``started`` (of ``perf_counter``), by what they were spent on.

    A request that is split over several batches adds up what each of them took.
    """

    def __init__(self, started: float) -> None:
        self._started = started
        self.spent = dict.fromkeys(("queue", *StageTimes._fields), 0.0)

    def add(self, queue: float, stages: StageTimes) -> None:
        """What a batch took, and how long the request waited for it."""
        for name, seconds in zip(self.spent, (queue, *stages), strict=True):
            self.spent[name] += seconds

    def header(self) -> bytes:
        """The value of ``Server-Timing`` (https://www.w3.org/TR/server-timing/), in milliseconds;
        ``edge`` is all that is none of the others."""
        total = perf_counter() - self._started
        spent = {"edge": total - sum(self.spent.values()), **self.spent, "total": total}
        return ", ".join(f"{name};dur={s * 1000:.3f}" for name, s in spent.items()).encode()
