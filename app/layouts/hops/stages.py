"""The replicas of each stage that this process calls, for the hop and for Serve's router alike."""

from app.layouts.hops.replicas import Replicas

_stages: dict[tuple[str, str], Replicas] = {}


def replicas(application: str, deployment: str) -> Replicas:
    """Those of this deployment."""
    key = application, deployment
    if key not in _stages:
        _stages[key] = Replicas(deployment)
    return _stages[key]
