"""How far rows have been handed on, and how many: in a file, for who goes on after this process."""

from collections.abc import Collection
from pathlib import Path

import msgspec

from app.observability.served.reading import Written

_FILE = "handed-on.json"


class Position(msgspec.Struct):
    """Behind the last record of a writer that was taken: the number of the next one, and how many
    rows its ``run`` had kept by then."""

    number: int = 0
    run: str = ""
    rows: int = 0


class Progress(msgspec.Struct):
    """``logged``, ``dropped`` and ``failed`` count rows."""

    writers: dict[str, Position] = {}
    logged: int = 0
    dropped: int = 0
    failed: int = 0

    @classmethod
    def read(cls, directory: Path) -> "Progress":
        """From the beginning, where there is none yet, or none that can be read."""
        try:
            return msgspec.json.decode((directory / _FILE).read_bytes(), type=cls)
        except (OSError, msgspec.MsgspecError):
            return cls()

    def write(self, directory: Path) -> None:
        """Whole, or not at all. Raises OSError."""
        path = directory / _FILE
        new = path.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(self))
        new.replace(path)

    def keep(self, writers: Collection[str]) -> None:
        """Forget all others: their folders are gone."""
        self.writers = {one: place for one, place in self.writers.items() if one in writers}

    def is_new(self, one: Written) -> bool:
        """Whether this record was not taken yet."""
        known = self.writers.get(one.writer)
        return known is None or one.number >= known.number

    def take(self, one: Written) -> None:
        """Go on behind this record; count what is gone between the last one and it."""
        rows, known = one.rows, self.writers.get(one.writer, Position())
        if rows.run == known.run:
            self.dropped += rows.before - known.rows
        else:
            # Of another run at least a row a record; all that this one had kept before.
            gone = max(0, one.number - known.number)
            self.dropped += max(rows.before, gone)
        end = rows.before + len(rows.requests)
        self.writers[one.writer] = Position(one.number + 1, rows.run, end)
