"""The messages are what `make proto` makes of the protocol's definition."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.serve import ROOT

PROTO = Path("app/protocols/oip/proto")


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command of the Makefile writes, elsewhere."""
    folder = tmp_path_factory.mktemp("proto")
    recipe = (ROOT / "Makefile").read_text().split("\nproto: ")[1].split("\n\n")[0]
    command = recipe.split("@", 1)[1].replace("\\\n", " ").replace("_out=.", f"_out={folder}")
    _, *arguments = shlex.split(command)
    subprocess.run([sys.executable, *arguments], check=True, cwd=ROOT)
    return folder / PROTO


def test_what_is_checked_in_is_what_is_generated(generated: Path) -> None:
    name = "open_inference_grpc_pb2.py"

    assert (ROOT / PROTO / name).read_text() == (generated / name).read_text()
