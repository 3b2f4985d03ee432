"""The wheels in an environment of their own, beside the libraries that they depend on."""

import shutil
import subprocess
import sys
from pathlib import Path

import ray

from tests.support.serve import ROOT

_PARTS = ("app", "deployments", "training", "client", "pyproject.toml", "README.md", "LICENSE")


def installed(folder: Path) -> Path:
    """The bin folder of an environment in which the wheels of server and client are installed, as
    `make wheel` builds them, and nothing of the checkout."""
    source = folder / "source"  # a build writes beside what it builds
    source.mkdir()
    for name in _PARTS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    wheels = folder / "wheels"
    _pip(
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        wheels,
        source,
        source / "client",
    )
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    # A path that a .pth names comes last, and no .pth in it counts: not that of the checkout.
    (packages / "libraries.pth").write_text(str(Path(ray.__file__).parents[1]))
    python = environment / "bin" / "python"
    _pip(
        *("--python", python, "install", "--no-deps", "--no-index", "--ignore-installed"),
        *sorted(wheels.glob("*.whl")),
    )
    serve = environment / "bin" / "serve"
    serve.write_text(f"#!{python}\nfrom ray.serve.scripts import cli\n\ncli()\n")
    serve.chmod(0o755)
    shutil.rmtree(source)
    return environment / "bin"


def _pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", *map(str, arguments)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
