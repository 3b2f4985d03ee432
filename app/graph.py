"""The graph: the one place where stages meet."""

from ray.serve import Application

from app.config import GraphArgs
from app.ingress import Ingress
from app.layouts.collapsed import Collapsed
from app.layouts.distributed import Distributed
from app.layouts.hops.router import ANSWERING
from app.observability.served_log.services import with_rates
from app.options import OPTIONS
from app.start.preflight import check
from deployments.features.deployment import Features
from deployments.model.deployment import Model
from deployments.preprocess.deployment import Preprocess


def build(args: GraphArgs) -> Application:
    """Wire the graph in the layout that ``args`` names, if it can serve at all."""
    problems = check(args)
    args = with_rates(args)
    given = OPTIONS[args.layout]
    ingress = Ingress.options(**given["Ingress"])
    if args.layout == "collapsed":
        return ingress.bind(args, Collapsed, problems=problems)
    features, preprocess, model = (
        stage.options(**given[stage.name], request_router_config=ANSWERING)
        for stage in (Features, Preprocess, Model)
    )
    name, bundles, store = args.model.name, args.model.bundles, args.feature_store
    prices = args.observability.cost
    return ingress.bind(
        args,
        Distributed,
        features.bind(
            bundles,
            name,
            store.repo,
            store.yaml,
            followed=args.observability.followed,
            prices=prices,
        ),
        preprocess.bind(bundles, name, prices),
        model.bind(bundles, name, args.model, prices),
        problems=problems,
    )
