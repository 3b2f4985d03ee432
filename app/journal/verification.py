"""Verifies a journal: that nothing in it was altered, removed, reordered, cut off or added since it
was written. It takes no key but the public ones: hashes are of the bytes as they lie there."""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.journal.chain_check import ChainCheck
from app.journal.report import Finding, Kind, Report, WriterReport
from app.journal.seal_places import SealPlace
from app.journal.seals import BadSeal, NoSeal, Seal, read_seal
from app.journal.segments import segments_in
from app.journal.signing import ids
from app.journal.writers import writer_folders, writer_id

_LOOKS = 3
"""A journal that is written meanwhile may be thinned out under the eyes of whoever looks."""


def verify(
    directory: Path,
    seals: SealPlace,
    trusted: Iterable[Ed25519PublicKey],
    *,
    sealed_within_s: float = 30.0,
    now_ns: Callable[[], int] = time.time_ns,
) -> Report:
    """All of a journal, also while it is written. Records are to be sealed within some seconds.
    Raises OSError where it, or the place of its seals, cannot be read."""
    keys = ids(trusted)
    if not directory.is_dir() and not any(seals.writers()):
        raise FileNotFoundError(f"there is no journal at {directory}")
    reports: dict[str, WriterReport] = {}
    missing: list[Finding] = []
    for folder in writer_folders(directory):
        writer = writer_id(folder)
        if writer is None:
            if segments_in(folder):
                missing.append(Finding(Kind.FORGED, folder.name, "segments of no writer of ours"))
            continue
        report = _writer(folder, writer, seals, keys)
        _judge_age(report, int(sealed_within_s * 1e9), now_ns())
        if writer in reports:
            report.add(Kind.FORGED, folder.name, f"it is the writer {reports[writer].folder}, too")
        reports[f"{writer} in {folder.name}" if writer in reports else writer] = report
    for writer in seals.writers():
        if writer not in reports:
            sealed, bad = _seals(writer, seals, keys)
            missing += bad
            gone = max((seal.count for seal in sealed), default=0)
            what = f"{gone:,} records of it were sealed, and it is not there"
            missing += [Finding(Kind.DELETED, f"writer {writer}", what)] if gone else []
    return Report(list(reports.values()), missing)


def _judge_age(report: WriterReport, most_ns: int, now_ns: int) -> None:
    """Whether its seals are as new as its records: a writer that was killed, and that nobody took
    up since, has left its last moments without one, but neither more nor all of them."""
    since_ns = report.ended_ns - report.sealed_ns if report.sealed_ns else now_ns - report.began_ns
    # Records that are dated before what they follow, or in time to come, are as bad.
    if report.count > max(report.complete, report.first) and abs(since_ns) > most_ns:
        seconds = abs(since_ns) / 1e9
        what = f"records of {seconds:,.0f} s have no checkpoint: it was lost, or never made"
        report.add(Kind.NOT_SEALED, report.folder, what)


def _writer(
    folder: Path, writer: str, place: SealPlace, keys: Mapping[str, Ed25519PublicKey]
) -> WriterReport:
    for look in range(1, _LOOKS + 1):
        # Seals first: what is written from now on is behind them.
        seals, bad = _seals(writer, place, keys)
        try:
            report = ChainCheck(folder, writer, seals).run()
        except FileNotFoundError:
            if look == _LOOKS:
                raise
            continue
        if not any(found.kind is Kind.DELETED for found in report.findings):
            break
    report.findings += bad
    return report


def _seals(
    writer: str, place: SealPlace, keys: Mapping[str, Ed25519PublicKey]
) -> tuple[list[Seal], list[Finding]]:
    seals, bad = [], []
    where = f"the seals of {writer}"
    for line in place.lines(writer):
        try:
            seal = read_seal(line, keys)
        except NoSeal as error:
            bad.append(Finding(Kind.TORN, where, str(error)))
        except BadSeal as error:
            bad.append(Finding(Kind.FORGED, where, str(error)))
        else:
            if seal.writer == writer:
                seals.append(seal)
            else:
                bad.append(Finding(Kind.FORGED, where, "a seal of another writer"))
    return seals, bad
