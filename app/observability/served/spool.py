"""The journal of served rows as a replica writes it: what keeps it from being written keeps nothing
else from its work."""

from app.journal.errors import JournalUnusable
from app.journal.journal import Journal
from app.observability.served.rows import ServedRows, encode
from app.observability.served.settings import ServedJournalSettings
from deployments.log import get_logger

logger = get_logger(__name__)


class Spool:
    """By its ``name`` metrics and problems tell of it."""

    def __init__(self, name: str, settings: ServedJournalSettings) -> None:
        self._name = name
        self._settings = settings
        self._journal: Journal | None = None
        self._unusable: str | None = None

    async def open(self) -> None:
        """Where it cannot be opened, nothing is kept until the replica starts again."""
        try:
            self._journal = await Journal.open(self._settings, self._name)
        except JournalUnusable as error:
            self._unusable = str(error)
            logger.error("%s: nothing is kept: %s", self._name, error)

    @property
    def is_open(self) -> bool:
        """Whether what is appended is kept."""
        return self._journal is not None

    def append(self, rows: ServedRows) -> None:
        """At the end of this turn of the loop it is written."""
        if self._journal is not None:
            self._journal.append(encode(rows))

    def problems(self) -> list[str]:
        """Those of the journal."""
        told = self._journal.problems() if self._journal is not None else []
        told += [self._unusable] if self._unusable else []
        return [f"{self._name}: {problem}" for problem in told]

    async def close(self) -> None:
        """Behind the last row."""
        if self._journal is not None:
            await self._journal.close()
