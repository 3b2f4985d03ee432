"""Virtual environments for peers that cannot, or should not, share this one."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.paths import CACHE, ROOT
from benchmarks.unmeasured import Unmeasured

_REQUIREMENTS = Path(__file__).with_name("requirements")
_LIST = """
import importlib.metadata, json
print(json.dumps({d.name.lower(): d.version for d in importlib.metadata.distributions()}))
"""


def python_of(name: str, console: Console) -> Path:
    """The interpreter of the named environment, made or brought up to date first; this one's for
    ``main``. Raises Unmeasured."""
    if name == "main":
        return Path(sys.executable)
    folder = CACHE / "venvs" / name
    python = folder / "bin" / "python"
    wanted = _digest(name)
    stamp = folder / ".installed"
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    with console.status(f"Installing {name} into {folder.relative_to(ROOT)}: a few minutes"):
        _run([sys.executable, "-m", "venv", str(folder)])
        _run([str(python), "-m", "pip", "install", "--quiet", "-r", str(_requirements(name))])
    stamp.write_text(wanted)
    return python


def versions(python: Path) -> Mapping[str, str]:
    """The packages of an environment, by lower-case name."""
    listed = subprocess.run([python, "-c", _LIST], check=True, capture_output=True, text=True)
    found: dict[str, str] = json.loads(listed.stdout)
    return found


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise Unmeasured(f"it could not be installed: {done.stderr[-1000:]}")


def _requirements(name: str) -> Path:
    return _REQUIREMENTS / f"{name}.txt"


def _digest(name: str) -> str:
    parts = [_requirements(name), ROOT / "constraints.txt"]
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()
