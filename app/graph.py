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
    if args.layout == "collapsed":
        return Ingress.bind(args, Collapsed, problems=problems)
    name, bundles = args.model.name, BundleStore(args.model.directory)
    return Ingress.bind(
        args,
        Distributed,
        _routed(Features).bind(bundles, name, args.feature_store.repo, args.feature_store.yaml),
        _routed(Preprocess).bind(bundles, name),
        _routed(Model).bind(bundles, name, args.model),
        problems=problems,
    )


def _routed(stage: Deployment) -> Deployment:
    return stage.options(request_router_config=ANSWERING)
