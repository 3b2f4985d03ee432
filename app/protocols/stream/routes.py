"""The routes of streams."""

from collections.abc import Iterator

from app.edge.guards import Guards
from app.edge.http import WEBSOCKET
from app.edge.route import Cost, Operation, Route
from app.protocols.rest.routes import VALUES
from app.protocols.stream.messages import Messages, StreamAnswer, StreamError
from app.protocols.stream.streams import Streams
from app.protocols.stream.ticket import TicketAnswer, TicketOffice

STREAM = "/predict/stream"
TICKET = {
    "name": "ticket",
    "in": "query",
    "description": f"Of a page in a browser, in place of the header: from POST {STREAM}/ticket",
    "schema": {"type": "string"},
}


def routes(streams: Streams, guards: Guards) -> Iterator[Route]:
    """A socket whose messages are rows, and tickets for it where clients show who they are."""
    authenticator = guards.authenticator
    operation = Operation(
        "predict",
        "predict_stream",
        "Predict for rows as they come, each answered as soon as it is ready",
        parameters=[VALUES, TICKET] if authenticator else [VALUES],
        request=lambda serving: Messages(serving.contract).row_type,
        request_example=lambda serving: {"id": 1, "instance": serving.contract.example()},
        lines=[StreamAnswer, StreamError],
    )
    yield Route(WEBSOCKET, STREAM, streams.serve, operation, Cost.PREDICTION, protocol="stream")
    if authenticator:
        ticket = Operation(
            "predict",
            "predict_stream_ticket",
            "A ticket for one stream, opened by a page in a browser within seconds",
            TicketAnswer,
        )
        yield Route("POST", f"{STREAM}/ticket", TicketOffice(authenticator).serve, ticket)
