"""What a replica asks about each request: who it is from, how much that one may, what is kept."""

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from app.access.principal import Principal, Scope
from app.edge.options import RequestOptions
from app.edge.outcomes import Outcome, State
from app.edge.route import Access, Route
from app.serving.answers import AnsweredBatch
from app.serving.errors import ErrorCode, InvalidRequest
from deployments.log import get_logger

if TYPE_CHECKING:
    from app.edge.layers import Call
    from app.edge.recording import Recording

logger = get_logger(__name__)

ERRORS = (
    *(ErrorCode.UNAUTHENTICATED, ErrorCode.FORBIDDEN),
    *(ErrorCode.RATE_LIMITED, ErrorCode.UNRECORDED),
)
"""What requests that have to show who they are from may be refused with."""


class Guard(Protocol):
    """What runs as long as its replica."""

    async def start(self) -> None:
        """Before the first request. Raises where it cannot do its work, which says why."""

    async def close(self) -> None:
        """Behind the last one."""

    def problems(self) -> list[str]:
        """What is wrong with it although it runs, for ``/health``: cheap to ask."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Stands for a principal where a header cannot be sent: in the address of a WebSocket. It
    counts once, and for ``valid_s`` seconds."""

    text: str
    valid_s: float


class Authenticator(Guard, Protocol):
    """Knows principals by what requests bring along."""

    def known(self, options: RequestOptions, *, socket: bool) -> Principal | None:
        """The principal of a request, if that can be told without waiting; ``socket``: it opens a
        WebSocket, where a ticket counts, too. Raises Unauthenticated."""

    async def find(self, options: RequestOptions) -> Principal:
        """The same where it takes a while. Raises Unauthenticated or Unavailable."""

    def ticket(self, options: RequestOptions) -> Ticket:
        """One for the principal of this request."""

    def holds(self, principal: Principal) -> bool:
        """Whether what this one has shown still counts: a stream asks once a second."""


class Meter(Protocol):
    """Counts what one principal asks for. Taking raises RateLimited, InvalidRequest for more rows
    than there can ever be at once, and Unavailable where nobody knows what is left."""

    def take_request(self) -> None:
        """Count a request."""

    def take_rows(self, count: int) -> None:
        """Count so many rows: all or none."""

    def return_request(self) -> None:
        """Count one less, for which nothing was done."""

    def return_rows(self, count: int) -> None:
        """The same of rows."""

    def fields(self) -> list[tuple[bytes, bytes]]:
        """What an answer says of the limits, as headers of HTTP."""


class Limiter(Guard, Protocol):
    """Knows what counts for whom."""

    def meter(self, principal: Principal, access: Access | Scope) -> Meter | None:
        """What counts for this one where such is asked for; None: nothing does."""


class Recorder(Guard, Protocol):
    """Is told what was answered, before it is: keeps it, or looks at it aside. What it does at once
    is on the way of each batch."""

    def answered(
        self, batch: AnsweredBatch, recordings: "Sequence[tuple[Recording, int, int]]"
    ) -> None:
        """These requests are about to be told, each the answers of so many rows that are at this
        place of the batch."""

    def failed(
        self,
        options: RequestOptions,
        route: Route,
        error: Exception,
        id: str | int | None = None,
    ) -> None:
        """A request, or the row of a stream that its client calls ``id``, is answered this
        error."""

    def kept(self) -> Coroutine[Any, Any, None]:
        """What waits until all that it was told so far is kept, if that is what it is for. Raises
        Unrecorded."""


class Observer(Recorder, Protocol):
    """Looks at some requests from their beginning to their end, and raises nothing: what goes wrong
    in it is nobody's answer's concern."""

    def begun(self, call: "Call") -> None:
        """A request has come, and nothing was done for it yet. What is kept of it stands in its
        options, as ``trace`` or ``line``."""

    def ended(self, call: "Call", error: BaseException | None) -> None:
        """Its handler has answered it, which is told where it is ``observed``, or raised this,
        which is not told to ``failed``: that is for rows of a stream."""


class Feedback(Guard, Protocol):
    """Keeps outcomes, each of a prediction that was, or is to be, made for a principal."""

    sums: Sequence[str]
    """The fields that an outcome may bring."""
    binary: bool
    """Whether outcomes are true or false, or numbers."""
    max_outcomes: int
    """Most that may come at once."""

    async def tell(
        self, principal: Principal | None, outcomes: Sequence[Outcome]
    ) -> list[State | InvalidRequest]:
        """Keep them; what is known of the prediction of each, or why it is not kept. Raises
        Unrecorded where they could not be kept; then nothing may be taken to be."""


@dataclass(frozen=True, slots=True)
class Guards:
    """Those of a replica; None is off."""

    authenticator: Authenticator | None = None
    limiter: Limiter | None = None
    recorders: Sequence[Recorder] = ()
    observers: Sequence[Observer] = ()
    feedback: Feedback | None = None
    aside: Guard | None = None

    async def start(self) -> None:
        """Start them, in this order. Raises what one raises."""
        for guard in self._all:
            await guard.start()

    async def close(self) -> None:
        """Close them, the last first, each whatever becomes of the others."""
        for guard in reversed(self._all):
            try:
                await guard.close()
            except Exception:
                logger.exception("%s was not closed in order", type(guard).__name__)

    def problems(self) -> list[str]:
        """Those of all."""
        return [problem for guard in self._all for problem in guard.problems()]

    @property
    def _all(self) -> list[Guard]:
        observing = (*self.recorders, *self.observers, self.feedback, self.aside)
        every = (self.authenticator, self.limiter, *observing)
        return [guard for guard in every if guard is not None]


NO_GUARDS = Guards()
