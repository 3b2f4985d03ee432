"""The transport-free heart of the edge: rows in, answers out, through micro-batches."""

import asyncio
from collections.abc import Iterable

from app.config import BatchSettings
from app.serving.chain import Chain
from app.serving.errors import Overloaded, Unavailable
from app.serving.served_version import ServedVersion
from deployments.bundle.bundle import BundleStore
from deployments.log import get_logger
from deployments.model_id import ModelId

logger = get_logger(__name__)


class Dataplane:
    """Chooses the version of each model that serves, and answers rows with it.

    ``names`` are the models that there are, first the one that a request means which names none;
    ``in_service`` has those of them that serve already. ``problems`` are of its surroundings.
    """

    def __init__(
        self, bundles: BundleStore, chain: Chain, *names: str, problems: Iterable[str] = ()
    ) -> None:
        self.bundles = bundles
        self.names = names
        self.in_service: dict[str, ServedVersion] = {}
        self.problems = list(problems)
        self._refused: str | None = None
        self._chain = chain

    @property
    def current(self) -> ServedVersion | None:
        """The version in service of the first model, once there is one."""
        return self.in_service.get(self.names[0])

    @property
    def problem(self) -> str | None:
        """What is wrong although it serves: a version that was refused, then ``problems``."""
        return "; ".join(filter(None, (self._refused, *self.problems))) or None

    async def activate(
        self, version: str, settings: BatchSettings, name: str | None = None
    ) -> None:
        """Serve ``version`` from now on, once it has answered through the whole chain.

        Where it cannot and another version serves already, that one stays and ``problem`` says
        why; requests under way end on the version they began with.
        """
        model = ModelId(name or self.names[0], version)
        before = self.in_service.get(model.name)
        try:
            bundle = await asyncio.to_thread(self.bundles.open, model)
            serving = ServedVersion(bundle.manifest, self._chain, settings)
            await serving.warm_up()
        except Exception as error:
            if before is None:
                raise
            # Clients read this, and the reason may hold paths: it goes to the log alone.
            self._refused = f"version {version} was refused; the server's log says why"
            logger.error("%s refused, %s keeps serving: %s", model, before.model.version, error)
        else:
            self.in_service[model.name], self._refused = serving, None
            logger.info("serving %s", serving.model)

    def refusal(self, ahead: int = 0) -> Overloaded | None:
        """Why a prediction asked for now, with so many others about to be, would be refused, if it
        would: cheap to ask."""
        current = self.current
        return current.refusal(ahead) if current else None

    def serving(self, name: str | None = None) -> ServedVersion:
        """The version of a model that is in service. Raises Unavailable until there is one."""
        served = self.in_service.get(name or self.names[0])
        if served is None:
            raise Unavailable("no model version is in service yet: see /health/ready")
        return served
