"""What a journal needs beside its records: seals of its own chain, and of those that nobody writes
any more; the end of what is too old."""

from dataclasses import replace
from pathlib import Path

from app.journal.chain import Chain, ChainForm, Position
from app.journal.retention import Retention
from app.journal.sealer import Sealer
from app.journal.segments import first_frame, segments_in
from app.journal.writers import Claim, claim_of, writer_folders

_HOUR_NS = 3600 * 10**9


class Upkeep:
    """Of the writer ``own``. Its methods block."""

    def __init__(
        self, own: Claim, directory: Path, sealer: Sealer, retention: Retention, form: ChainForm
    ) -> None:
        self._own = own
        self._directory = directory
        self._sealer = sealer
        self._retention = retention
        self._form = replace(form, sync=True)
        self._sealed: Position | None = None
        self._left: dict[Path, tuple[int, int, int]] = {}  # as they were seen last
        self._compared = False
        self.gone = 0
        """Records of the own chain that were sealed before, and that are not there any more."""

    def attend(self, position: Position) -> None:
        """Seal and thin out; ``position`` is how far the own chain has come. Raises OSError."""
        own = self._own
        if not self._compared:
            self.gone = self._sealer.gone(own.id, position)
            self._compared = True
        if position != self._sealed and position.count:
            since = self._sealed.segment if self._sealed else 0
            self._sealer.seal(own.folder, own.id, position, since)
            self._sealed = position
        self._thin(own, position)
        for folder in writer_folders(self._directory):
            if folder != own.folder:
                self._attend_left(folder)

    def _attend_left(self, folder: Path) -> None:
        """A chain whose writer is gone: once, and every hour where things are deleted."""
        segments = segments_in(folder)
        if not segments:
            return
        last, keeps_all = segments[-1], self._retention.keeps_all
        hour = 0 if keeps_all else self._form.now_ns() // _HOUR_NS
        seen = (last.number, last.path.stat().st_size, hour)
        if self._left.get(folder) == seen or (claim := claim_of(folder)) is None:
            return
        try:
            chain = Chain.recovered(folder, claim.id, self._form)
            opening = first_frame(last.path)
            if not keeps_all and opening is not None and chain.position.count > opening.first:
                chain.turn_over()  # so that this one, too, can be deleted in its time
            self._sealer.seal(folder, claim.id, chain.position)
            self._thin(claim, chain.position)
            chain.close()
        finally:
            claim.release()
        self._left[folder] = seen

    def _thin(self, claim: Claim, position: Position) -> None:
        if not self._retention.keeps_all:
            self._retention.apply(claim.folder, claim.id, position.segment, self._sealer)
