"""Seals chains: what a seal says is on disk by then, and in the second place afterwards."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.journal.chain import Position
from app.journal.seal_places import SealPlace
from app.journal.seals import FORMAT, BadSeal, Seal, read_seal, signed
from app.journal.segments import flushed, segments_in
from app.journal.signing import ids, key_id


class Sealer:
    """Signs with ``key``. Its methods block."""

    def __init__(
        self, place: SealPlace, key: Ed25519PrivateKey, now_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._place = place
        self._key = key
        self._id = key_id(key.public_key())
        self._now_ns = now_ns

    def seal(self, folder: Path, writer: str, position: Position, since: int = 0) -> None:
        """That this writer's chain has come so far; up to the segment ``since`` it is on disk
        already. Raises OSError."""
        paths = [one.path for one in segments_in(folder) if since <= one.number <= position.segment]
        flushed(folder, paths)
        self._put("checkpoint", writer, position)

    def retire(self, writer: str, begin: Position) -> None:
        """That what this writer wrote before ``begin`` is deleted on purpose. Raises OSError."""
        self._put("retired", writer, begin)

    def gone(self, writer: str, position: Position) -> int:
        """How many records of this writer were sealed and are not there. Raises OSError."""
        trusted = ids([self._key.public_key()])
        most = 0
        for line in reversed(self._place.lines(writer)):
            try:
                most = read_seal(line, trusted).count
            except BadSeal:  # for whoever verifies the journal
                continue
            break
        return max(0, most - position.count)

    def _put(self, kind: Literal["checkpoint", "retired"], writer: str, position: Position) -> None:
        seal = Seal(
            format=FORMAT,
            kind=kind,
            writer=writer,
            count=position.count,
            head=position.head,
            segment=position.segment,
            time_ns=self._now_ns(),
            key=self._id,
        )
        self._place.put(writer, signed(seal, self._key))
