"""Which requests are traced: decided before anything of OpenTelemetry is touched."""

from random import getrandbits

from app.observability.bound import Bound
from app.observability.traces.parent import Parent
from app.observability.traces.settings import TracesSettings

_BITS = 64


class Sampling:
    """By one random number for a request without a context.

    Where a client says that its request is not sampled, it is not. Where it says that it is, that
    is obeyed within a bound, and past it by a number of ours: ids are chosen by clients, who could
    choose those that a rule about ids samples.
    """

    def __init__(self, settings: TracesSettings) -> None:
        self._below = round(settings.ratio * 2**_BITS)
        self._clients = Bound(settings.clients_per_s)
        self._failures = Bound(settings.failures_per_s)

    def new(self) -> int | None:
        """The id of a new trace, None where it is not sampled. Its lower half is the number that
        decides, as OpenTelemetry's TraceIdRatioBased has it, so that a service behind decides
        alike."""
        number = getrandbits(_BITS)
        if number >= self._below:
            return None
        return (getrandbits(_BITS) << _BITS | number) or 1

    def of(self, parent: Parent) -> bool:
        """Whether a request with this parent is sampled."""
        return parent.sampled and (self.by_chance() or self._clients.take())

    def by_chance(self) -> bool:
        """Whether one of any is."""
        return bool(getrandbits(_BITS) < self._below)

    def obeyed(self) -> bool:
        """Whether one more may be since a client wants it."""
        return self._clients.take()

    def failure(self) -> bool:
        """Whether one more may be that has failed."""
        return self._failures.take()


def new_trace_id() -> int:
    """One that names nothing yet."""
    return getrandbits(2 * _BITS) or 1


def new_span_id() -> int:
    """The same of a span."""
    return getrandbits(_BITS) or 1
