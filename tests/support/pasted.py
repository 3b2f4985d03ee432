"""Commands of the docs, as a person pastes them into a new shell beside a running service."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.serve import ROOT

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)  # of the docs none is a shell's
_BLOCK = re.compile(r"(?:^ {4}.*\n)+", re.MULTILINE)
_OURS = re.compile(r"(?:curl|ray|serve|windsock|eval)\b")
# What stays until it is stopped, or starts what runs already; an option may only be described.
_STAYS = re.compile(
    r"(?:serve run|ray start|windsock (?:up|front|monitor|dashboards|replay)|make)\b"
)
_TAKES_LONG = re.compile(r"windsock bundle (?!--help)")


@dataclass(frozen=True)
class Block:
    """Lines that stand together in a page, without what stays in the foreground."""

    page: str
    text: str

    def __str__(self) -> str:
        first = self.text.splitlines()[-1].strip()
        return f"{self.page}: {first[:40]}"


def blocks() -> list[Block]:
    """Those of all pages that ask a running service, of the shipped graph."""
    pages = [ROOT / "README.md", ROOT / "docs" / "protocols.md", ROOT / "docs" / "access.md"]
    pages += sorted((ROOT / "docs" / "operations").glob("*.md"))
    return [
        Block(str(page.relative_to(ROOT)), text)
        for page in pages
        for text in _texts(page.read_text())
    ]


def _texts(page: str) -> Iterator[str]:
    for found in _BLOCK.findall(_FENCE.sub("", page)):
        lines = [line.removeprefix("    ") for line in found.splitlines()]
        lines = [line for line in lines if not _STAYS.match(line)]
        if any(map(_OURS.match, lines)) and not any(map(_TAKES_LONG.match, lines)):
            yield "\n".join(lines)


def paste(
    block: Block, folder: Path, doors: Mapping[str, str], environment: Mapping[str, str]
) -> str:
    """What a block prints in a new shell, in a checkout that is ``folder``: its virtual environment
    is this one, and its ``serve_config.yaml`` of the service that runs. ``doors`` are addresses as
    the docs have them, and where they are here. Fails where a command does."""
    venv = folder / ".venv"
    if not venv.exists():
        venv.symlink_to(Path(sys.executable).parents[1])
    text = block.text.replace("curl ", "curl --silent --show-error --fail-with-body ")
    for usual, here in doors.items():
        text = text.replace(usual, here)
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    done = subprocess.run(
        ["bash", "-ec", text],
        cwd=folder,
        env={**kept, "PATH": "/usr/local/bin:/usr/bin:/bin", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{block.page}:\n{text}\n\n{done.stdout}"
    return done.stdout
