"""What an ingress replica loads. The rest of it is tested in a running one."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["app.ingress", "app.layouts.distributed"])
def test_a_distributed_ingress_loads_neither_torch_nor_feast(module: str) -> None:
    code = f"import sys, {module}; print([m for m in ('torch', 'feast') if m in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert loaded.stdout.strip() == "[]"
