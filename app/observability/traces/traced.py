"""What is kept of a request until its spans are made."""

from app.edge.trace_context import TraceContext
from app.observability.part import Part


class TracedRequest(TraceContext):
    """A request that is sampled, or whose client is to be told that it is not, or a stream, whose
    rows may be. ``parent_id`` is the client's span, 0 where there is none; ``by_client``: its flag
    is why it is sampled."""

    __slots__ = ("batches", "by_client", "parent_id", "parts", "rows")

    def __init__(
        self,
        trace_id: int,
        span_id: int,
        *,
        sampled: bool,
        parent_id: int = 0,
        by_client: bool = False,
    ) -> None:
        super().__init__(trace_id, span_id, sampled=sampled)
        self.parent_id = parent_id
        self.by_client = by_client
        self.parts: list[Part] = []
        self.batches: list[TraceContext] = []
        """The spans of the batches that ``parts`` ran in."""
        self.rows = 0
        """Rows of a stream that have spans in its trace."""
