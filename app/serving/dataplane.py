"""The transport-free heart of the edge: rows in, answers out, through micro-batches."""

import asyncio

from app.config import BatchSettings
from app.serving.chain import Chain
from app.serving.errors import Overloaded, Unavailable
from app.serving.served_version import ServedVersion
from deployments.bundle.bundle import BundleStore
from deployments.log import get_logger

logger = get_logger(__name__)


class Dataplane:
    """Chooses the version that serves, and answers rows with it."""

    def __init__(self, bundles: BundleStore, chain: Chain) -> None:
        self.bundles = bundles
        self._chain = chain
        self.problem: str | None = None
        self.current: ServedVersion | None = None

    async def activate(self, version: str, settings: BatchSettings) -> None:
        """Serve ``version`` from now on, once it has answered through the whole chain.

        Where it cannot and another version serves already, that one stays and ``problem`` says
        why; requests under way end on the version they began with.
        """
        try:
            bundle = await asyncio.to_thread(self.bundles.open, version)
            serving = ServedVersion(bundle.manifest, self._chain, settings)
            await serving.warm_up()
        except Exception as error:
            if self.current is None:
                raise
            # Clients read this, and the reason may hold paths: it goes to the log alone.
            self.problem = f"version {version} was refused; the server's log says why"
            serving_still = self.current.model.version
            logger.error("version %s refused, %s keeps serving: %s", version, serving_still, error)
        else:
            self.current, self.problem = serving, None
            logger.info("serving %s version %s", serving.model.name, serving.model.version)

    def refusal(self, ahead: int = 0) -> Overloaded | None:
        """Why a prediction asked for now, with so many others about to be, would be refused, if it
        would: cheap to ask."""
        return self.current.refusal(ahead) if self.current else None

    def serving(self) -> ServedVersion:
        """The version in service. Raises Unavailable until there is one."""
        if self.current is None:
            raise Unavailable("no model version is in service yet: see /health/ready")
        return self.current
