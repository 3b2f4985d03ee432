"""The graph: the one place where stages meet."""

from ray.serve import Application

from app.config import GraphArgs
from app.ingress import Ingress
from app.preflight import check
from deployments.bundle.bundle import BundleStore
from deployments.features.deployment import Features
from deployments.model.deployment import ModelStage
from deployments.preprocess.deployment import PreprocessStage


def build(args: GraphArgs) -> Application:
    """Check that the graph can serve at all, then wire it in the layout that ``args`` names."""
    bundles = BundleStore(args.model.directory, args.model.name)
    if args.layout == "collapsed":
        app = Ingress.bind(args)
    else:
        app = Ingress.bind(
            args,
            Features.bind(args.feature_store.repo, args.feature_store.yaml, bundles),
            PreprocessStage.bind(bundles),
            ModelStage.bind(bundles, args.model.device, args.model.threads),
        )
    check(args)
    return app
