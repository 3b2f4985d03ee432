"""Walks one chain as it lies on disk, and holds it against what was sealed of it."""

from collections import defaultdict
from collections.abc import Sequence
from math import inf
from pathlib import Path

from app.journal.frames import GENESIS, Damage, Flag, Frame
from app.journal.report import Kind, WriterReport
from app.journal.seals import Seal
from app.journal.segments import Segment, SegmentPath, opening_of, segments_in

_SET_BACK_NS = 10**9
"""Clocks that are kept in step are set back by less."""


class ChainCheck:
    """Of the writer in this folder, whose seals these are."""

    def __init__(self, folder: Path, writer: str, seals: Sequence[Seal]) -> None:
        self.report = WriterReport(folder.name, writer)
        self._folder = folder
        self._open: defaultdict[int, list[Seal]] = defaultdict(list)
        for seal in seals:
            self._open[seal.count].append(seal)
        self._retired = [seal for seal in seals if seal.kind == "retired"]
        self._met: list[Seal] = []
        self._head = GENESIS
        self._count = 0
        self._number = 0
        self._time_ns = 0
        self._damage: str | None = None
        self._broken_at: float = inf

    def run(self) -> WriterReport:
        """Walk it. Raises OSError."""
        segments = segments_in(self._folder)
        for one in segments:
            self._enter(one)
        if self._damage:
            self.report.add(Kind.TORN, self._damage, "the chain ends within a frame")
        self.report.count = self._count
        self._judge_seals()
        return self.report

    def _enter(self, one: SegmentPath) -> None:
        segment = Segment.read(one.path)
        begin = next(segment.frames(), None)
        opening = segment.opening
        where = f"{self._folder.name}/{one.path.name}"
        if opening is not None and isinstance(begin, Frame):
            if opening.writer != self.report.writer or opening.segment != one.number:
                self._broken(Kind.FORGED, where, "it is a segment of another place, or writer")
            if one.number != self._number + 1:
                self._gap(one.number, begin.first, opening.previous, where)
        elif one.number != self._number + 1:
            self._broken(Kind.DELETED, where, "segments before this one are not there")
        self._number = one.number
        for found in segment.frames():
            place = f"{where}, byte {found.begin}"
            if isinstance(found, Damage):
                self._damage = self._damage or place
            else:
                self._frame(found, place)

    def _gap(self, number: int, first: int, previous: bytes, where: str) -> None:
        """Segments before this one are not there: that was sealed, or it was nobody of us."""
        allowed = self._number == 0 and any(
            seal.count > first or (seal.count, seal.head) == (first, previous)
            for seal in self._retired
        )
        if not self._number:
            self.report.first = first
        if not allowed:
            missing = f"{self._number + 1} to {number - 1}"
            lost = (
                f"with the records {self._count:,} to {first - 1:,}" if first > self._count else ""
            )
            self._broken(Kind.DELETED, where, f"the segments {missing} are not there, {lost}")
        self._head, self._count, self._damage = previous, first, None
        self._meet()

    def _frame(self, frame: Frame, where: str) -> None:
        known = frame.follows(self._head)
        damage, self._damage = self._damage, None
        if known and frame.first == self._count:
            if damage:
                self.report.add(Kind.TORN, damage, "bytes that are no frame, and none is missing")
        elif damage:
            lost = frame.first - self._count
            self._broken(Kind.ALTERED, damage, f"{lost:,} records are not readable")
        elif frame.first > self._count:
            missing = f"the records {self._count:,} to {frame.first - 1:,} are not there"
            self._broken(Kind.REMOVED, where, missing)
        elif frame.first < self._count:
            self._broken(Kind.REORDERED, where, f"record {frame.first:,} comes again, or too late")
        else:
            self._broken(Kind.ALTERED, where, "it does not follow what stands before it")
        if frame.time_ns < self._time_ns - _SET_BACK_NS:
            back = (self._time_ns - frame.time_ns) / 1e9
            self.report.add(Kind.CLOCK, where, f"by {back:,.1f} s, at record {frame.first:,}")
        self._time_ns = frame.time_ns
        if frame.count:
            self.report.began_ns = self.report.began_ns or frame.time_ns
            self.report.ended_ns = frame.time_ns
        if frame.flags & Flag.OPENING and opening_of(frame) is None:
            self._broken(Kind.FORGED, where, "an opening of a form that is not known")
        self._head, self._count = frame.head, frame.first + frame.count
        self._meet()

    def _meet(self) -> None:
        """Seals of this very place in the chain."""
        here = self._open.get(self._count)
        if here:
            self._met += [seal for seal in here if seal.head == self._head]
            here[:] = [seal for seal in here if seal.head != self._head]

    def _broken(self, kind: Kind, where: str, what: str) -> None:
        self._broken_at = min(self._broken_at, self._count)
        self.report.add(kind, where, what)

    def _judge_seals(self) -> None:
        report = self.report
        # What was sealed before the first record that is kept cannot be compared any more.
        unmet = [
            seal
            for count, seals in self._open.items()
            for seal in seals
            if count > report.first or not report.first
        ]
        beyond = [seal for seal in unmet if seal.count > report.count]
        if beyond:
            most = max(seal.count for seal in beyond)
            gone = f"{most - report.count:,} records that were sealed are not there"
            self._broken(Kind.TRUNCATED, report.folder, gone)
        within = [seal.count for seal in unmet if seal.count <= report.count]
        if within:
            what = f"the records before {min(within):,} are not those that were sealed"
            self._broken(Kind.FORGED, report.folder, what)
            self._broken_at = min(self._broken_at, *within)
        sound = [seal for seal in self._met if seal.count <= self._broken_at]
        if sound:
            last = max(sound, key=lambda seal: (seal.count, seal.time_ns))
            report.complete, report.sealed_ns = last.count, last.time_ns
        if report.count > report.complete:
            behind = f"{report.count - max(report.complete, report.first):,} records"
            report.add(Kind.UNSEALED, report.folder, behind)
