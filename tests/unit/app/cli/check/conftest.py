"""A config file of the example's graph, which `windsock check` reads without Ray."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.example import NAME, Example
from tests.support.serve import free_port


@dataclass
class Config:
    """A config file that a test may change before it is written."""

    path: Path
    document: dict[str, Any]

    @property
    def port(self) -> int:
        """Of the fast lane."""
        return int(self.document["applications"][0]["args"]["fast_lane"]["port"])

    def set(self, deployment: str, **settings: Any) -> None:
        """Change a deployment's user_config."""
        for one in self.document["applications"][0]["deployments"]:
            if one["name"] == deployment:
                one["user_config"] |= settings

    def written(self) -> Path:
        self.path.write_text(yaml.safe_dump(self.document))
        return self.path


@pytest.fixture
def config(example: Example, tmp_path: Path) -> Config:
    """One that is sound."""
    args = {
        "model": {"name": NAME, "directory": str(example.models)},
        "feature_store": {"repo": str(example.repo)},
        "fast_lane": {"port": free_port()},
    }
    deployments: list[dict[str, Any]] = [
        {"name": name, "user_config": {}} for name in ("Ingress", "Features", "Preprocess", "Model")
    ]
    application = {"name": "orders", "import_path": "app.graph:build", "args": args}
    document = {
        "http_options": {"host": "127.0.0.1", "port": 8123},
        "applications": [application | {"deployments": deployments}],
    }
    return Config(tmp_path / "serve_config.yaml", document)
