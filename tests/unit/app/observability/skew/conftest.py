from pathlib import Path

import pytest
from feast import FeatureStore

from tests.support.warehouse import warehouse


@pytest.fixture
def repo(tmp_path: Path) -> FeatureStore:
    return warehouse(tmp_path)
