"""What is deleted of a chain, the oldest segments whole, so that the rest can still be verified."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.journal.chain import Position
from app.journal.sealer import Sealer
from app.journal.segments import SegmentPath, first_frame, opening_of, segments_in
from deployments.log import get_logger

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Retention:
    """``keep_s`` and ``keep_bytes`` of each writer; None keeps all."""

    keep_s: float | None
    keep_bytes: int | None
    now_ns: Callable[[], int] = time.time_ns

    @property
    def keeps_all(self) -> bool:
        """Whether nothing is ever deleted."""
        return self.keep_s is None and self.keep_bytes is None

    def apply(self, folder: Path, writer: str, current: int, sealer: Sealer) -> int:
        """Delete what is over, but for the segment ``current``, once it is sealed that it is to go.
        How many. Raises OSError."""
        segments = [one for one in segments_in(folder) if one.number <= current]
        count = self._over(segments)
        if not count:
            return 0
        first = first_frame(segments[count].path)
        opening = opening_of(first) if first else None
        if first is None or opening is None:
            logger.error("journal segment %s is damaged: nothing is deleted", segments[count].path)
            return 0
        sealer.retire(writer, Position(first.first, opening.previous, opening.segment))
        for one in segments[:count]:
            one.path.unlink()
        return count

    def _over(self, segments: list[SegmentPath]) -> int:
        """How many of these, the oldest, are to go. The age of one is when the next was begun: what
        a chain says itself, and not its files."""
        sizes = [one.path.stat().st_size for one in segments]
        room, count = sum(sizes), 0
        for size, behind in zip(sizes, segments[1:], strict=False):
            if not self._aged(behind) and (self.keep_bytes is None or room <= self.keep_bytes):
                break
            room -= size
            count += 1
        return count

    def _aged(self, behind: SegmentPath) -> bool:
        if self.keep_s is None:
            return False
        frame = first_frame(behind.path)
        return frame is not None and self.now_ns() - frame.time_ns > self.keep_s * 1e9
