"""``POST /predict/stream/ticket``: what a page in a browser shows in place of a header."""

import msgspec

from app.edge.guards import Authenticator
from app.edge.http import JSON, HttpCall


class TicketAnswer(msgspec.Struct):
    """A ticket; ``valid_s`` are seconds from now."""

    ticket: str
    valid_s: float


class TicketOffice:
    """Gives tickets to those whom the layers have let in."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    async def serve(self, call: HttpCall) -> None:
        """Answer a ticket for the principal of this call."""
        ticket = self._authenticator.ticket(call.options)
        body = msgspec.json.encode(TicketAnswer(ticket.text, ticket.valid_s))
        await call.answer(body, JSON, [(b"cache-control", b"no-store")])
