import shutil
from pathlib import Path

import pytest

from deployments.bundle.bundle import BundleStore
from tests.support.example import NAME, Example


@pytest.fixture
def models(example: Example, tmp_path: Path) -> Path:
    """A copy of the example's bundles, for a test to damage."""
    return Path(shutil.copytree(example.models, tmp_path / "models"))


@pytest.fixture
def bundles(models: Path) -> BundleStore:
    return BundleStore(models)


@pytest.fixture
def folder(models: Path, example: Example) -> Path:
    """The folder of the only version."""
    return models / NAME / example.version
