"""What Ray prints: kept in a file, which stays, and shown where that is wanted."""

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import IO

_ADDRESS = re.compile(r"dashboard at.*?(https?://(?:\[[\da-f:]+\]|[\w.\-]+):\d+)")
_SHOW_S = 0.1


class ServeLog:
    """The file, which ``output`` writes."""

    def __init__(self, output: IO[bytes], path: Path) -> None:
        self.output = output
        self.path = path
        self._dashboard: str | None = None

    @property
    def dashboard(self) -> str | None:
        """Where Ray has said that this cluster's dashboard is: on port 8265, or the next that is
        free. None until it has."""
        self._dashboard = self._dashboard or address_in(self.path.read_text(errors="replace"))
        return self._dashboard

    def end(self, lines: int) -> str:
        """The last lines."""
        return "\n".join(self.path.read_text(errors="replace").splitlines()[-lines:])


@contextmanager
def serve_log(*, show: bool, to: IO[bytes] | None = None) -> Iterator[ServeLog]:
    """A new file. With ``show`` what comes into it within the block is copied ``to`` (stderr)."""
    prefix = f"windsock-{datetime.now():%Y%m%dT%H%M%S}-"
    with tempfile.NamedTemporaryFile(prefix=prefix, suffix=".log", delete=False) as file:
        path = Path(file.name)
        if not show:
            yield ServeLog(file, path)
            return
        over = Event()
        copying = Thread(target=_copy, args=(path, to or sys.stderr.buffer, over), daemon=True)
        copying.start()
        try:
            yield ServeLog(file, path)
        finally:
            over.set()
            copying.join()


def address_in(log: str) -> str | None:
    """Where Ray says, in what it prints, that the dashboard is: 8265, or the next free port."""
    found = _ADDRESS.search(log)
    return found[1] if found else None


def _copy(path: Path, to: IO[bytes], over: Event) -> None:
    with path.open("rb") as log:
        while not over.wait(_SHOW_S):
            to.write(log.read())
            to.flush()
        to.write(log.read())
        to.flush()
