"""What must hold before the first replica starts: a whole bundle, its features, and room."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import ray
from pydantic import ValidationError
from ray.serve.exceptions import RayServeException
from ray.serve.schema import ServeApplicationSchema

from app.config import CollapsedSettings, DistributedSettings, GraphArgs
from app.journal.encryption import keyring_of
from app.journal.errors import JournalUnusable
from app.journal.settings import JournalSettings
from app.options import OPTIONS
from app.ray_private import controller
from app.ray_private.deployed_config import Unknown, deployed, has_replicas
from app.start.address import ConfigError
from app.start.disk import Place, check_places
from app.start.document import is_graph
from app.start.failure import UPDATE_REFUSED
from app.start.placement import Shares, shortage, stuck_updates
from app.start.ports import check_port
from deployments.bundle.bundle import LATEST, Bundle, BundleError
from deployments.features.deployment import FeaturesSettings
from deployments.features.lookup import open_store
from deployments.features.plan import ServiceError
from deployments.features.promise import checked_plan
from deployments.features.settings import LookupSettings
from deployments.model.deployment import ModelSettings
from deployments.model_id import ModelId
from deployments.stage.settings import StageSettings
from deployments.strict import first_problem

_JOURNAL = 2**20  # bytes


class GraphRefused(RayServeException):
    """Start-up stops here. Serve shows the message of its own exceptions without a traceback."""


def check(args: GraphArgs) -> list[str]:
    """Check a graph that Serve builds, with the options that it deploys it with and the nodes that
    there are. Raises GraphRefused, which also goes to the terminal of whoever started Serve; so do
    the problems that this gives, with which the graph can serve."""
    problems = controller.problems()
    configs: list[ServeApplicationSchema] = []
    try:
        configs = deployed()
    except Unknown as error:
        problems.append(str(error))
    try:
        problems += _check_deployed(args, configs)
    except GraphRefused as error:
        if not any(has_replicas(name, "Ingress") for name in _names(args, configs)):
            print(f"\nwindsock cannot start: {error}\n", flush=True)
            raise
        refused = GraphRefused(f"{UPDATE_REFUSED}{error}")
        print(f"\nwindsock: {refused}\n", flush=True)
        raise refused from error
    finally:
        for told in (*problems, *_about_auth(args)):
            print(f"\nwindsock: {told}\n", flush=True)
    return problems


def _about_auth(args: GraphArgs) -> Iterator[str]:
    """What whoever starts it has to know at once; ``/health`` tells it later."""
    if not args.auth:
        yield "auth is off: whoever reaches a door may ask for everything"
    elif not args.auth.keys.exists():
        yield f"{args.auth.keys} is not there, so nobody can ask: `windsock keys local` makes a key"


def _check_deployed(args: GraphArgs, configs: Sequence[ServeApplicationSchema]) -> list[str]:
    """Check a graph against all that is being deployed with it. Serve does not say which of these
    it is: it is any that has these ``args``. None has where it does not come from a config file."""
    graphs = _graphs(configs)
    options = {one.name: _options(one) for one in configs}
    options |= {name: completed(given, options[name]) for name, given in graphs.items()}
    ours = _names(args, configs)
    problems: list[str] = []
    for given in [options[name] for name in ours] or [[]]:
        problems += check_graph(args, given)
        if code := code_brought(args, given):
            print(f"\nwindsock: {code}\n", flush=True)
    if args.fast_lane:
        same = [name for name in graphs if _port(graphs[name]) == args.fast_lane.port]
        if len(same) > 1:
            raise GraphRefused(
                f"{' and '.join(same)} have the same port for fast_lane, {args.fast_lane.port}: "
                "their clients would get each other's answers"
            )
        # What answers on the port may be a replica that is to be replaced.
        if not any(has_replicas(name, "Ingress") for name in ours):
            try:
                check_port("fast_lane", args.fast_lane.host, args.fast_lane.port)
            except ConfigError as error:
                raise GraphRefused(str(error)) from error
    if args.check_placement and ours:
        problems += check_room(options, _nodes())
    return problems


def _graphs(configs: Sequence[ServeApplicationSchema]) -> dict[str, GraphArgs]:
    return {one.name: GraphArgs(**one.args) for one in configs if is_graph(one.import_path)}


def _names(args: GraphArgs, configs: Sequence[ServeApplicationSchema]) -> list[str]:
    """The applications that have these arguments, of which the one that is built is one."""
    return [name for name, given in _graphs(configs).items() if given == args]


def check_graph(args: GraphArgs, options: list[dict[str, Any]]) -> list[str]:
    """Check bundle, feature registry and the ``user_config`` of each deployment in ``options``.
    Raises GraphRefused, in one sentence; gives the problems with which the graph can serve."""
    if args.quota and args.quota.redis and find_spec("redis") is None:
        raise GraphRefused("quota.redis needs a client: pip install 'windsock-server[redis]'")
    if args.audit:
        _check_journal(args.audit.journal, "audit")
    for name in ("predictions", "feedback", "drift", "skew"):
        if (part := getattr(args.observability, name)) is not None:
            _check_journal(part.journal, f"observability.{name}")
    try:
        bundle = _bundle(args, options)
        store = open_store(args.feature_store.repo, args.feature_store.yaml)
        plan = checked_plan(store, bundle.manifest.service, bundle.manifest.code)
    except (BundleError, ServiceError) as error:
        raise GraphRefused(str(error)) from error
    check_settings(args, options, bundle.manifest.service.views)
    return list(plan.warnings)


def _check_journal(settings: JournalSettings, part: str) -> None:
    elsewhere = f"name another directory under `{part}.journal`"
    try:
        keyring_of(settings)
        check_places(iter([Place("the journal", settings.directory, _JOURNAL, elsewhere)]))
    except (JournalUnusable, ConfigError) as error:
        raise GraphRefused(f"{part}: {error}") from error


def code_brought(args: GraphArgs, options: list[dict[str, Any]]) -> str | None:
    """Which code the bundle of a checked graph brings along, which every replica will run."""
    if not args.model.allow_code:
        return None
    manifest = _bundle(args, options).manifest
    brought = manifest.code_brought
    return brought and (
        f"bundle {manifest.id} brings code that every replica runs (allow_code): {brought}"
    )


def _bundle(args: GraphArgs, options: list[dict[str, Any]]) -> Bundle:
    ingress = next((one for one in options if one["name"] == "Ingress"), {})
    version = (ingress.get("user_config") or {}).get("version", LATEST)
    if not isinstance(version, str):
        raise GraphRefused(
            f"user_config: version is {version!r}: it must be text, put it in quotes"
        )
    return args.model.bundles.open(ModelId(args.model.name, version))


def completed(args: GraphArgs, options: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The options of all deployments of a graph, with ours where nothing is said. Raises
    GraphRefused for one that would have no effect beside ours."""
    for one in options:
        if isinstance(one.get("num_replicas"), int) and "autoscaling_config" not in one:
            raise GraphRefused(
                f"num_replicas of {one['name']} has no effect, since it scales by itself: give it "
                "min_replicas and max_replicas in an autoscaling_config, or "
                "`autoscaling_config: null` as well"
            )
    ours, given = OPTIONS[args.layout], {one["name"]: one for one in options}
    names = dict.fromkeys([*given, *sorted(ours)])
    return [{**ours.get(name, {}), "name": name, **given.get(name, {})} for name in names]


def check_room(
    options: Mapping[str, list[dict[str, Any]]], nodes: Sequence[Mapping[str, float]]
) -> list[str]:
    """Check room on ``nodes`` for the deployments of each application, together; what leaves none
    for an update is a problem. Raises GraphRefused where they can never be placed."""
    together = [
        shares(one, name if len(options) > 1 else None)
        for name, deployments in options.items()
        for one in deployments
    ]
    if missing := shortage(together, nodes):
        raise GraphRefused(f"this cluster can never place the graph: {missing}")
    return stuck_updates(together, nodes)


def _port(args: GraphArgs) -> int | None:
    return args.fast_lane.port if args.fast_lane else None


def _options(config: ServeApplicationSchema) -> list[dict[str, Any]]:
    return [one.model_dump(exclude_unset=True) for one in config.deployments]


def shares(options: dict[str, Any], application: str | None = None) -> Shares:
    """What a deployment with these options asks for at its smallest, with Ray's defaults; its
    application is named where there are several."""
    actor = options.get("ray_actor_options") or {}
    resources = {"CPU": actor.get("num_cpus", 1.0), "GPU": actor.get("num_gpus", 0.0)}
    resources |= {"memory": actor.get("memory", 0.0), **(actor.get("resources") or {})}
    replicas = options.get("num_replicas", 1)
    if not isinstance(replicas, int):
        replicas = 1
    if options.get("autoscaling_config"):
        replicas = options["autoscaling_config"].get("min_replicas", 1)
    needed = {name: float(amount) for name, amount in resources.items() if amount}
    name = f"{options['name']} of {application}" if application else options["name"]
    return Shares(name, replicas, needed, surges=(options.get("max_surge_percent") or 0) > 0)


def check_settings(args: GraphArgs, options: list[dict[str, Any]], views: Collection[str]) -> None:
    """Refuse a ``user_config`` that a replica would refuse later, one by one, and policies for
    feature views other than ``views``."""
    given = {one["name"]: one.get("user_config") or {} for one in options}
    there = OPTIONS[args.layout]
    if unknown := sorted(given.keys() - there.keys()):
        raise GraphRefused(
            f"there is no deployment {unknown[0]!r} in the layout {args.layout}: there is "
            f"{', '.join(sorted(there))}"
        )
    try:
        if args.layout == "collapsed":
            collapsed = CollapsedSettings.model_validate(given.get("Ingress", {}))
            _check_policies(collapsed.features, views)
            _check_patience(collapsed.features, stuck_s=collapsed.batching.stuck_s)
            return
        ingress = DistributedSettings.model_validate(given.get("Ingress", {}))
        features = FeaturesSettings.model_validate(given.get("Features", {}))
        StageSettings.model_validate(given.get("Preprocess", {}))
        model = ModelSettings.model_validate(given.get("Model", {}))
    except ValidationError as error:
        raise GraphRefused(f"user_config: {error.title}: {first_problem(error)}") from error
    _check_policies(features, views)
    _check_patience(features, stuck_s=ingress.batching.stuck_s, hung_s=ingress.hops.hung_s)
    if ingress.batching.max_rows > model.max_batch_rows:
        raise GraphRefused(
            f"the ingress sends batches of up to {ingress.batching.max_rows} rows (max_rows) and "
            f"the model takes {model.max_batch_rows} (max_batch_rows): raise the second"
        )


def _check_patience(settings: LookupSettings, **limits: float) -> None:
    for name, limit_s in limits.items():
        if settings.budget_s >= limit_s:
            raise GraphRefused(
                f"the ingress takes what is silent for {limit_s:g} s ({name}) to hang, and the "
                f"features may wait for their store as long (budget_s {settings.budget_s:g}): "
                "raise the first"
            )


def _check_policies(settings: LookupSettings, views: Collection[str]) -> None:
    unknown = sorted(settings.views.keys() - set(views))
    if unknown:
        raise GraphRefused(
            f"there is a policy for feature view {unknown[0]!r}, which the bundle does not read: "
            f"it reads {', '.join(sorted(views))}"
        )


def _nodes() -> list[Mapping[str, float]]:
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
