"""What is behind all layers: the handler of a call's route, with the model version it is for."""

from typing import Any

from app.edge.account import Serving
from app.edge.layers import Call
from app.edge.route import Cost
from app.serving.dataplane import Dataplane

_PREDICTION = Cost.PREDICTION


def serving_for(dataplane: Dataplane, call: Call) -> Serving:
    """The version in service that a call is for: the one place where it is chosen.

    Raises InvalidRequest or Unavailable.
    """
    serving = dataplane.serving(**call.names)
    options = call.options
    options.model = serving.model
    account = options.account
    return serving if account is None else account.of(serving)


class Dispatch:
    """Answers a call as its route does."""

    def __init__(self, dataplane: Dataplane) -> None:
        self._dataplane = dataplane

    async def __call__(self, call: Call) -> Any:
        route = call.route
        if route.cost is _PREDICTION or route.model:
            return await route.handler(call, serving_for(self._dataplane, call))
        return await route.handler(call, **call.names)
