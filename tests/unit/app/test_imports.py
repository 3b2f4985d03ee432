"""What the processes of a graph do not load."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.serve import ROOT


def _loaded(code: str) -> set[str]:
    """The modules of a process that has run this code."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("module", "unused"),
    [
        ("deployments.features.deployment", {"torch"}),
        ("deployments.preprocess.deployment", {"torch", "feast", "onnx", "onnxruntime"}),
        ("deployments.model.deployment", {"torch", "feast", "onnx", "onnxruntime"}),
        ("app.layouts.collapsed", {"torch", "onnx", "onnxruntime"}),
        ("app.ingress", {"torch", "feast", "redis"}),
        ("app.ray_private.controller", {"torch", "feast", "app.serving.dataplane"}),
        ("app.start.launch", {"ray", "pydantic"}),
        ("app.graph", {"torch"}),
    ],
)
def test_a_process_loads_only_what_it_uses(module: str, unused: set[str]) -> None:
    loaded = _loaded(f"import {module}")
    assert module in loaded
    assert not unused & loaded


OBSERVED = {"traces", "request_log"}


@pytest.mark.parametrize("on", [[], ["traces"], ["request_log"]], ids=str)
def test_what_observes_requests_is_loaded_only_where_it_is_on(on: list[str]) -> None:
    asked: dict[str, Any] = {"observability": {name: {} for name in on}}
    loaded = _loaded(
        "import app.ingress; from app.config import EdgeArgs; from app.guards import guards_of\n"
        f"guards_of(EdgeArgs.model_validate({asked}))"
    )
    rooms = {
        name
        for name in OBSERVED
        if any(
            module.startswith(f"app.observability.{name}.") and not module.endswith("settings")
            for module in loaded
        )
    }
    assert rooms == {*on}
    assert ("opentelemetry.exporter.otlp.proto.http" in loaded) == ("traces" in on)


def test_feast_comes_without_the_checks_that_typeguard_compiles_into_it(tmp_path: Path) -> None:
    script = tmp_path / "script.py"  # typeguard reads what it compiles
    script.write_text(
        """
from deployments.features.store.feast import FeatureView
from typeguard import typechecked

@typechecked
class Other:
    def __init__(self, number: int) -> None: ...

for one in (FeatureView, Other):
    print("TypeCheckMemo" in one.__init__.__code__.co_names)
"""
    )
    done = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False", "True"]
