"""What verifying a journal found."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

_SHOWN = 20


class Kind(Enum):
    """Of a finding. The first ones break a journal, the others are told."""

    ALTERED = "altered"
    REMOVED = "removed"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    DELETED = "deleted"
    FORGED = "forged"
    NOT_SEALED = "not sealed"
    """For longer than it should be: what is cut off there shows nowhere."""

    TORN = "torn"
    """Bytes that a writer did not finish; no record is missing for them."""
    CLOCK = "clock set back"
    UNSEALED = "unsealed"
    """The same of the last moments of a writer."""

    @property
    def breaks(self) -> bool:
        """Whether a journal with it is not as it was written."""
        return self not in (Kind.TORN, Kind.CLOCK, Kind.UNSEALED)


@dataclass(frozen=True, slots=True)
class Finding:
    """``where`` names the folder of the writer, and the segment with the byte, if that is known."""

    kind: Kind
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.where}: {self.what}"


@dataclass(slots=True)
class WriterReport:
    """Of one chain: it has the records from ``first`` to before ``count``. It is ``complete`` up to
    before that number, as was sealed at ``sealed_ns`` last. Its first record that is there is of
    ``began_ns``, its last of ``ended_ns``."""

    folder: str
    writer: str
    first: int = 0
    count: int = 0
    complete: int = 0
    sealed_ns: int | None = None
    began_ns: int = 0
    ended_ns: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, kind: Kind, where: str, what: str) -> None:
        """One more finding."""
        self.findings.append(Finding(kind, where, what))

    def __str__(self) -> str:
        begin = f"records {self.first:,} to {self.count - 1:,}" if self.count else "no record"
        sealed = (
            f"complete up to the checkpoint at {self.complete:,} of {_time(self.sealed_ns)}"
            if self.sealed_ns is not None
            else "no checkpoint"
        )
        return f"writer {self.folder}: {begin}; {sealed}"


@dataclass(frozen=True, slots=True)
class Report:
    """Of a journal: of each writer, and what is of none that is there."""

    writers: list[WriterReport]
    missing: list[Finding]

    @property
    def findings(self) -> list[Finding]:
        """All of them."""
        return [*self.missing, *(one for writer in self.writers for one in writer.findings)]

    @property
    def problems(self) -> list[Finding]:
        """Those that break it."""
        return [one for one in self.findings if one.kind.breaks]

    @property
    def notes(self) -> list[Finding]:
        """Those that do not."""
        return [one for one in self.findings if not one.kind.breaks]

    @property
    def sound(self) -> bool:
        """Whether it is as it was written, as far as it is sealed."""
        return not self.problems

    @property
    def records(self) -> int:
        """How many there are."""
        return sum(one.count - one.first for one in self.writers)

    def __str__(self) -> str:
        lines = [str(one) for one in self.writers]
        for found in (self.problems, self.notes):
            lines += [f"  {one}" for one in found[:_SHOWN]]
            if len(found) > _SHOWN:
                lines.append(f"  ... and {len(found) - _SHOWN:,} more")
        kinds = {one.kind for one in self.problems}
        verdict = "NOT as it was written" if kinds else "sound"
        if kinds == {Kind.NOT_SEALED}:
            verdict = "NOT sealed, so nobody can say whether any is missing"
        return "\n".join([*lines, f"{self.records:,} records: {verdict}"])


def _time(ns: int | None) -> str:
    return datetime.fromtimestamp((ns or 0) / 1e9, UTC).isoformat(timespec="seconds")
