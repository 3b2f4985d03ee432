"""What is too old, or too much, is deleted; the rest is verified as before."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from app.journal.chain import Position
from app.journal.retention import Retention
from app.journal.upkeep import Upkeep
from tests.support.journals import Written

DAY_NS = 86_400 * 10**9


class Clock:
    """One that a test sets."""

    def __init__(self) -> None:
        self.now_ns = 1_700_000_000 * 10**9

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def written(tmp_path: Path, clock: Clock) -> Written:
    """Five days, of which each is sealed."""
    made = Written(tmp_path, now_ns=clock, segment_s=86_400)
    for _ in range(5):
        made.write(*[[os.urandom(1000)] for _ in range(3)])
        made.seal()
        clock.now_ns += DAY_NS
    return made


def applied(written: Written, clock: Clock, retention: Retention) -> int:
    retention = replace(retention, now_ns=clock)
    current = written.chain.position.segment
    return retention.apply(written.folder, written.writer, current, written.sealer)


def test_by_age(written: Written, clock: Clock) -> None:
    assert applied(written, clock, Retention(2.5 * 86_400, None)) == 2
    assert applied(written, clock, Retention(2.5 * 86_400, None)) == 0

    report = written.verify()
    assert not report.findings, str(report)
    assert (report.writers[0].first, report.writers[0].count) == (6, 15)
    assert report.records == 9


def test_by_size(written: Written, clock: Clock) -> None:
    assert applied(written, clock, Retention(None, 8000)) == 3
    assert not written.verify().findings


def test_the_segment_that_is_written_stays(written: Written, clock: Clock) -> None:
    clock.now_ns += 1000 * DAY_NS
    assert applied(written, clock, Retention(1, 1)) == 4
    written.write([b"on it goes"])
    written.seal()

    report = written.verify()
    assert not report.findings, str(report)
    assert report.records == 4


def test_all_is_kept_where_nothing_is_said(written: Written, clock: Clock) -> None:
    assert Retention(None, None).keeps_all
    assert applied(written, clock, Retention(None, None)) == 0


def test_what_is_deleted_beside_it_is_told(written: Written, clock: Clock) -> None:
    applied(written, clock, Retention(2.5 * 86_400, None))
    written.segments[0].unlink()

    report = written.verify()

    assert not report.sound
    assert "records" in str(report.problems[0])


def test_a_deletion_that_was_cut_short_is_no_attack(
    written: Written, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = Path.unlink
    gone: list[Path] = []

    def once(path: Path) -> None:
        if gone:
            raise OSError("killed")
        gone.append(path)
        unlink(path)

    monkeypatch.setattr(Path, "unlink", once)
    with pytest.raises(OSError, match="killed"):
        applied(written, clock, Retention(1.5 * 86_400, None))
    monkeypatch.undo()

    assert not written.verify().findings
    assert applied(written, clock, Retention(1.5 * 86_400, None)) == 2
    assert not written.verify().findings


def test_a_chain_that_nobody_writes_any_more_ages_as_well(tmp_path: Path, clock: Clock) -> None:
    left, own = (Written(tmp_path, now_ns=clock, key=None) for _ in range(2))
    left.write([os.urandom(1000)])
    own.write([b"own"])
    left.close()
    upkeep = Upkeep(own.claim, own.directory, own.sealer, Retention(86_400, None, clock), own.form)

    upkeep.attend(own.chain.position)
    assert len(left.segments) == 2  # the last record is followed by an opening
    upkeep.attend(own.chain.position)
    assert len(left.segments) == 2
    clock.now_ns += 2 * DAY_NS
    upkeep.attend(own.chain.position)

    assert len(left.segments) == 1
    report = own.verify()
    assert not report.findings, str(report)
    assert [one.count - one.first for one in report.writers] == [0, 1]
    left.open()
    assert left.chain.position == Position(1, left.chain.position.head, 2)
    left.write([b"again"])
    left.seal()
