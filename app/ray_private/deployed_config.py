"""The Serve config that an application is being built from.

**Why.** Serve hands its builder ``args`` alone; whether replicas fit into the cluster, and what
their ``user_config`` is, stands in the ``deployments`` beside it, which its controller knows.
**To see it.** The builder's one parameter is all it gets (``ray.serve.schema``, ``import_path``).
**When Ray mends it.** Once a builder is given its whole application, take that; delete this file.
"""

import ray
from ray.serve import context
from ray.serve.schema import ServeApplicationSchema
from ray.util import list_named_actors


class Unknown(Exception):
    """This Ray cannot be asked in this way; the message is what is left undone."""


def deployed() -> list[ServeApplicationSchema]:
    """All applications of the cluster, as they are or are being deployed; none where they did not
    come from a config file. Raises Unknown."""
    if not ray.is_initialized():  # asking for Serve's client would start a cluster
        return []
    try:
        client = context._get_global_client(raise_if_no_controller_running=False)
        if client is None:
            return []
        configs: dict[str, ServeApplicationSchema] = ray.get(
            client._controller.get_app_configs.remote()
        )
    except AttributeError as error:
        raise Unknown(
            f"this Ray does not tell its config ({error}): room is not checked"
        ) from error
    return list(configs.values())


def has_replicas(application: str, deployment: str) -> bool:
    """Whether this deployment has replicas, by what Serve names them:
    ``SERVE_REPLICA::<application>#<deployment>#<id>``."""
    actors = list_named_actors(all_namespaces=True) if ray.is_initialized() else []
    return any(f"::{application}#{deployment}#" in actor["name"] for actor in actors)
