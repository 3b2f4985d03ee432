"""Journals in a folder of a test's own, with their seals beside them."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.journal.chain import Chain, ChainForm
from app.journal.journal import Journal
from app.journal.reading import read
from app.journal.report import Report
from app.journal.seal_places import SealFolder, seal_place
from app.journal.sealer import Sealer
from app.journal.segments import segments_in
from app.journal.settings import JournalSettings, SealSettings
from app.journal.signing import trusted_keys
from app.journal.verification import verify
from app.journal.writers import claim
from app.secrets import Secret


def journal_settings(folder: Path, **more: Any) -> JournalSettings:
    """Of a journal in this folder."""
    seals = {
        "directory": folder / "seals",
        "key": Secret(file=folder / "seals.key"),
        **more.pop("seals", {}),
    }
    return JournalSettings(directory=folder / "journal", seals=SealSettings(**seals), **more)


@asynccontextmanager
async def opened(settings: JournalSettings) -> AsyncIterator[Journal]:
    """A journal for the length of a block."""
    journal = await Journal.open(settings, "audit")
    try:
        yield journal
    finally:
        await journal.close()


def verified(settings: JournalSettings) -> Report:
    """What its own verification says, with the keys that its settings name."""
    return verify(settings.directory, seal_place(settings.seals), trusted_keys(settings.seals))


def contents(settings: JournalSettings) -> list[bytes]:
    """All records, in order."""
    return [record.data for record in read(settings.directory)]


class Written:
    """A chain that a test writes frame by frame, and seals when it wants to, without a loop."""

    def __init__(
        self,
        folder: Path,
        *,
        key: Ed25519PrivateKey | None = None,
        now_ns: Callable[[], int] = time.time_ns,
        **form: Any,
    ) -> None:
        self.directory = folder / "journal"
        self.place = SealFolder(folder / "seals")
        self.key = key or Ed25519PrivateKey.generate()
        self.form = ChainForm(**form, now_ns=now_ns)
        self.sealer = Sealer(self.place, self.key, now_ns)
        self.open()

    def open(self) -> None:
        """Take a writer, the first that is free, and go on with its chain."""
        self.claim = claim(self.directory)
        self.folder, self.writer = self.claim.folder, self.claim.id
        self.chain = Chain.recovered(self.folder, self.writer, self.form)

    def write(self, *frames: Sequence[bytes]) -> None:
        """Each as one frame."""
        for records in frames:
            self.chain.write(records)

    def seal(self) -> None:
        """As it is now."""
        self.sealer.seal(self.folder, self.writer, self.chain.position)

    def close(self) -> None:
        """Let go of the writer."""
        self.chain.close()
        self.claim.release()

    @property
    def segments(self) -> list[Path]:
        """Its files, in order."""
        return [one.path for one in segments_in(self.folder)]

    def verify(self) -> Report:
        """All that is in the folder."""
        return verify(self.directory, self.place, [self.key.public_key()])
