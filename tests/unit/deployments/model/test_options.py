import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from deployments.model.options import ModelOptions


@pytest.mark.parametrize(
    "wrong",
    [
        {"device": "tpu"},
        {"threads": 0},
        {"inline_s": -1},
        {"precision": "float16"},
        {"cuda_graphs": True},
        {"cuda_graph_rows": 0},
        {"cuda_graph": "on"},
    ],
)
def test_what_is_not_an_option_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ModelOptions.model_validate(wrong)


def test_reading_options_does_not_import_torch() -> None:
    code = "import sys, deployments.model.options; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
