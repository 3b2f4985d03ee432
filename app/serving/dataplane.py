"""The transport-free heart of the edge: rows in, answers out, through micro-batches."""

import asyncio
from collections.abc import Callable, Iterable
from contextvars import Context

from app.config import BatchSettings
from app.serving.chain import Chain
from app.serving.errors import ErrorCode, InvalidRequest, Overloaded, Unavailable
from app.serving.golden_entities import GoldenEntities
from app.serving.readiness import STARTING, Condition, Evidence, Readiness, together
from app.serving.served_version import ServedVersion
from deployments.bundle.bundle import BundleStore
from deployments.log import get_logger
from deployments.metrics.catalogue import graph
from deployments.metrics.series import COUNTS
from deployments.model_id import ModelId

logger = get_logger(__name__)

_SHOWN = 100
_LOOK_AGAIN_S = 15.0


class Dataplane:
    """Chooses the version of each model that serves, and answers rows with it.

    ``names`` are the models that there are, first the one that a request means which names none;
    ``in_service`` has those of them that serve already, ``golden`` the golden rows of their
    versions. ``problems`` are of its surroundings, ``more_problems`` what there is of them at the
    moment, ``readiness`` knows the stages.
    """

    def __init__(
        self,
        bundles: BundleStore,
        chain: Chain,
        *names: str,
        problems: Iterable[str] = (),
        more_problems: Callable[[], Iterable[str]] = tuple,
        readiness: Readiness | None = None,
    ) -> None:
        self.bundles = bundles
        self.names = names
        self.in_service: dict[str, ServedVersion] = {}
        self.golden: dict[str, GoldenEntities] = {}
        self.readiness = readiness or Readiness()
        self.problems = list(problems)
        self._more_problems = more_problems
        self._refused: str | None = None
        self._chain = chain
        self._looking: dict[str, asyncio.Task[None]] = {}

    @property
    def problem(self) -> str | None:
        """What is wrong although it serves: a version that was refused, a store that has nothing
        for the one that serves, then ``problems`` and ``more_problems``."""
        return "; ".join(self._present_problems()) or None

    def tell(self) -> None:
        """Set what metrics say of it and of the queues of its models."""
        COUNTS.gauge(graph.PROBLEMS)[()].set(len(self._present_problems()))
        for serving in self.in_service.values():
            serving.tell()

    def _present_problems(self) -> list[str]:
        absent = (golden.problem for golden in self.golden.values())
        others = (*self.problems, *self._more_problems())
        return [one for one in (self._refused, *absent, *others) if one]

    async def activate(
        self, version: str, settings: BatchSettings, name: str | None = None
    ) -> None:
        """Serve ``version`` from now on, once it has answered its example or, where a stage fails
        for that row, a golden one through the whole chain. Rows that fail for want of features are
        the store's fault, and stop no version.

        Where it cannot and another version serves already, that one stays and ``problem`` says
        why; requests under way end on the version they began with.
        """
        model = ModelId(name or self.names[0], version)
        before = self.in_service.get(model.name)
        swaps = COUNTS.counter(graph.SWAPS)
        served, refused = swaps[model.name, "served"], swaps[model.name, "refused"]
        try:
            bundle = await asyncio.to_thread(self.bundles.open, model)
            golden = await asyncio.to_thread(bundle.golden)
            serving = ServedVersion(bundle.manifest, self._chain, settings)
            entities = GoldenEntities(bundle.manifest, self._chain, golden.columns)
            failed = await serving.warm_up()
            await _look(entities, settings.max_rows)
            if failed is not None:
                logger.warning("%s does not answer its example: %s", model, failed)
                if not entities.answered and entities.faulted:
                    raise failed
        except Exception as error:
            if before is None:
                raise
            # Clients read this, and the reason may hold paths: it goes to the log alone.
            self._refused = (
                f"version {version} was refused; {before.model.version} serves on, and the "
                "server's log says why"
            )
            logger.error("%s refused, %s keeps serving: %s", model, before.model.version, error)
            refused.add()
        else:
            self.in_service[model.name], self._refused = serving, None
            served.add()
            _in_service(serving, before)
            self.readiness.tell(model.name, Evidence())
            logger.info("serving %s", serving.model)
            if code := bundle.manifest.code_brought:
                logger.warning("%s runs code that its bundle brings: %s", serving.model, code)
            self._watch(entities, model.name, settings.max_rows)

    def _watch(self, golden: GoldenEntities, name: str, max_rows: int) -> None:
        """Look for a model's golden rows from time to time until the store has them. Nothing else
        waits for that, nor ends with it."""
        if name in self._looking:
            self._looking.pop(name).cancel()
        self.golden[name] = golden
        if not golden.problem:
            return
        logger.error("%s", golden.problem)

        async def again() -> None:
            while golden.problem:
                await asyncio.sleep(_LOOK_AGAIN_S)
                await _look(golden, max_rows)
            logger.info("the online store has golden rows of %r now in each feature view", name)

        loop = asyncio.get_running_loop()
        self._looking[name] = loop.create_task(again(), context=Context())

    def condition(self) -> Condition:
        """How all models can be answered now, with ``problem``: cheap to ask."""
        now = together(
            self.readiness.of(name) if name in self.in_service else STARTING for name in self.names
        )
        told = "; ".join(filter(None, (now.problem, self.problem)))
        return Condition(now.status, now.ready, told or None)

    def ready(self, model: str, version: str = "") -> bool:
        """Whether this model, or this version of it, is in service and a row of it gets through
        every stage. Raises InvalidRequest where there is none such."""
        return self.find(model, version) is not None and self.readiness.of(model).ready

    def refusal(self, ahead: int = 0) -> Overloaded | None:
        """Why a prediction asked for now, with so many others about to be, would be refused, if it
        would: cheap to ask."""
        first = self.find()
        return first.refusal(ahead) if first else None

    def find(self, model: str | None = None, version: str = "") -> ServedVersion | None:
        """This model (None: the first), or this version of it, if it is in service.

        Raises InvalidRequest where there is none such.
        """
        name = self.names[0] if model is None else model
        served = self.in_service.get(name)
        # The version in service may be gone from disk, and needs no look at it.
        if served is not None and version in ("", served.model.version):
            return served
        if name not in self.names:
            there = ", ".join(map(repr, self.names))
            message = f"there is no model {name[:_SHOWN]!r}: this server has {there}"
            raise InvalidRequest(ErrorCode.NOT_FOUND, message, "model")
        if version and version not in self.bundles.versions(name):
            message = f"there is no version {version[:_SHOWN]!r} of {name!r}"
            raise InvalidRequest(ErrorCode.NOT_FOUND, message, "version")
        return None

    def serving(self, model: str | None = None, version: str = "") -> ServedVersion:
        """The same, which has to be in service.

        Raises InvalidRequest where there is none such or another version is in service, and
        Unavailable where none is yet.
        """
        if found := self.find(model, version):
            return found
        served = self.in_service.get(model or self.names[0])
        if served is None:
            raise Unavailable("no model version is in service yet: see /health/ready")
        name, now = served.model.name, served.model.version
        message = f"version {version!r} of {name!r} is not in service: {now!r} is"
        raise InvalidRequest(ErrorCode.NOT_IN_SERVICE, message, "version")


def _in_service(serving: ServedVersion, before: ServedVersion | None) -> None:
    """Have metrics tell of this version, and not of the one before."""
    gauge = COUNTS.gauge(graph.IN_SERVICE)
    if before is not None and before.model != serving.model:
        gauge.forget((before.model.name, before.model.version))
        before.replaced()
    gauge[serving.model.name, serving.model.version].set(1)


async def _look(golden: GoldenEntities, max_rows: int) -> None:
    try:
        await golden.look(max_rows)
    except Exception as error:
        # What the stages cannot answer they say themselves, to whoever asks for it.
        logger.warning("the golden rows could not be looked for: %s", error)
