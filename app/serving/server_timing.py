"""Where a request's time went, for the clients that ask."""

from dataclasses import dataclass
from time import perf_counter

from app.serving.chain import StageTimes


@dataclass(slots=True)
class ServerTiming:
    """Seconds since ``started`` (of ``perf_counter``), by what they were spent on.

    A request that is split over several batches adds up what each of them took.
    """

    started: float
    queue: float = 0.0
    lookup: float = 0.0
    preprocess: float = 0.0
    model: float = 0.0
    transport: float = 0.0

    def add(self, queue: float, spent: StageTimes) -> None:
        self.queue += queue
        self.lookup += spent.lookup
        self.preprocess += spent.preprocess
        self.model += spent.model
        self.transport += spent.transport

    def header(self) -> bytes:
        """The value of ``Server-Timing`` (https://www.w3.org/TR/server-timing/), in milliseconds;
        ``edge`` is all that is none of the others."""
        spent = {
            name: getattr(self, name)
            for name in ("queue", "lookup", "preprocess", "model", "transport")
        }
        total = perf_counter() - self.started
        spent = {"edge": total - sum(spent.values()), **spent, "total": total}
        return ", ".join(f"{name};dur={s * 1000:.3f}" for name, s in spent.items()).encode()
