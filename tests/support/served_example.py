"""An example in service within this process, set up as its config says."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import yaml

from app.asgi import Application
from app.config import CollapsedSettings, DistributedSettings, GraphArgs
from app.serving.chain import Chain
from app.serving.dataplane import Dataplane
from deployments.bundle.bundle import LATEST
from deployments.features.deployment import FeaturesSettings
from deployments.features.lookup import FeatureLookup, open_store
from deployments.model.stage import ModelStage
from deployments.preprocess.stage import Preprocessing
from deployments.stage.timed import timed


def application_of(home: Path) -> dict[str, Any]:
    """The application in the config of the example that lies in ``home``."""
    document = yaml.safe_load((home / "serve_config.yaml").read_text())
    application: dict[str, Any]
    (application,) = document["applications"]
    return application


def built(folder: Path, here: Path, build: Callable[[Path], Path]) -> Path:
    """A copy of the example that lies ``here``, built in ``folder``."""
    home = folder / here.name
    shutil.copytree(here, home, ignore=shutil.ignore_patterns("data", "models", "__pycache__"))
    build(home)
    return home


@asynccontextmanager
async def served(home: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the edge, with the stages of the example that was built in ``home`` beside it."""
    application = application_of(home)
    args = GraphArgs.model_validate(application["args"], context=home)
    options = {one["name"]: one.get("user_config", {}) for one in application["deployments"]}
    features = (
        CollapsedSettings.model_validate(options["Ingress"]).features
        if args.layout == "collapsed"
        else FeaturesSettings.model_validate(options["Features"])
    )
    bundles = args.model.bundles
    chain = Chain(
        timed(
            FeatureLookup(
                partial(open_store, args.feature_store.repo, None), bundles, features
            ).lookup
        ),
        timed(Preprocessing(bundles).transform),
        timed(ModelStage(bundles, args.model).predict),
    )
    dataplane = Dataplane(bundles, chain, args.model.name)
    await dataplane.activate(LATEST, DistributedSettings().batching)
    transport = httpx.ASGITransport(Application(dataplane, args))
    async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
        yield client
