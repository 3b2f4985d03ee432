"""Which replica this is."""

from uuid import uuid4

from ray import serve
from ray.serve.exceptions import RayServeException


def instance() -> str:
    """The name by which Serve knows this replica; one of its own outside of Serve."""
    try:
        return serve.get_replica_context().replica_id.unique_id
    except RayServeException:
        return uuid4().hex
