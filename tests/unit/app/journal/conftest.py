"""Journals that were sealed, and what stands in them."""

from pathlib import Path

import pytest

from app.journal.frames import Frame
from app.journal.report import Kind, Report
from app.journal.segments import Segment
from tests.support.journals import Written


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Three segments of five frames, sealed behind each; the last may yet be added to."""
    made = Written(tmp_path)
    for segment in range(3):
        if segment:
            made.chain.turn_over()
        made.write(*[[f"record {segment}.{frame}".encode()] for frame in range(5)])
        made.seal()
    return made


@pytest.fixture
def small(tmp_path: Path) -> Written:
    """Two segments of a frame each, under one seal."""
    made = Written(tmp_path)
    made.write([b"one"])
    made.chain.turn_over()
    made.write([b"two"])
    made.seal()
    return made


def kinds(report: Report) -> set[Kind]:
    return {found.kind for found in report.problems}


def frames(path: Path) -> list[bytes]:
    """The bytes of each frame of a segment, the opening first."""
    segment = Segment.read(path)
    found = list(segment.frames())
    assert all(isinstance(one, Frame) for one in found)
    return [segment.data[one.begin : one.end] for one in found]
