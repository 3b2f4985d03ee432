"""The OpenAPI document of a version that nothing runs behind."""

from pathlib import Path
from typing import Any

from app.asgi import Application
from app.config import BatchSettings, EdgeArgs
from app.edge.guards import NO_GUARDS, Guards
from app.protocols.openapi import document
from app.serving.dataplane import Dataplane
from app.serving.served_version import ServedVersion
from deployments.bundle.bundle import BundleStore
from deployments.bundle.manifest import Manifest
from tests.support.chains import weighing


def document_of(manifest: Manifest, guards: Guards = NO_GUARDS) -> dict[str, Any]:
    """The document of the application while this is in service."""
    chain = weighing()
    dataplane = Dataplane(BundleStore(Path()), chain, manifest.name)
    app = Application(dataplane, EdgeArgs(), guards=guards)
    return document(ServedVersion(manifest, chain, BatchSettings()), app.routes, app.errors)
