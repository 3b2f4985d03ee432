"""The graph: the one place where stages meet."""

from ray.serve import Application, Deployment

from app.config import GraphArgs
from app.ingress import Ingress
from app.layouts.collapsed import Collapsed
from app.layouts.distributed import Distributed
from app.layouts.hops.router import ANSWERING
from app.start.preflight import check
from deployments.bundle.bundle import BundleStore
from deployments.features.deployment import Features
from deployments.model.deployment import Model
from deployments.preprocess.deployment import Preprocess


def build(args: GraphArgs) -> Application:
    """Wire the graph in the layout that ``args`` names, if it can serve at all."""
    problems = check(args)
    ingress = _watched(Ingress)
    if args.layout == "collapsed":
        return ingress.bind(args, Collapsed, problems=problems)
    name, bundles = args.model.name, BundleStore(args.model.directory)
    return ingress.bind(
        args,
        Distributed,
        _routed(Features).bind(bundles, name, args.feature_store.repo, args.feature_store.yaml),
        _routed(Preprocess).bind(bundles, name),
        _routed(Model).bind(bundles, name, args.model),
        problems=problems,
    )


def _routed(stage: Deployment) -> Deployment:
    return _watched(stage).options(request_router_config=ANSWERING)


def _watched(deployment: Deployment) -> Deployment:
    """With health checks that have one that hangs replaced in seconds, not in Ray's half minute,
    where the config does not say otherwise."""
    return deployment.options(health_check_period_s=2, health_check_timeout_s=6)
