"""The route of streams."""

from app.edge.http import WEBSOCKET
from app.edge.route import Cost, Operation, Route
from app.protocols.rest.routes import VALUES
from app.protocols.stream.messages import Messages, StreamAnswer, StreamError
from app.protocols.stream.streams import Streams


def routes(streams: Streams) -> list[Route]:
    """A socket whose messages are rows."""
    operation = Operation(
        "predict",
        "predict_stream",
        "Predict for rows as they come, each answered as soon as it is ready",
        parameters=[VALUES],
        request=lambda serving: Messages(serving.contract).row_type,
        request_example=lambda serving: {"id": 1, "instance": serving.contract.example()},
        lines=[StreamAnswer, StreamError],
    )
    return [Route(WEBSOCKET, "/predict/stream", streams.serve, operation, Cost.PREDICTION)]
