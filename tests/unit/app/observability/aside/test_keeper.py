"""One process of a node works aside, whichever replica keeps it."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from app.config import GraphArgs
from app.observability.aside.keeper import Keeper
from deployments.metrics.catalogue import drift
from deployments.metrics.series import COUNTS
from tests.support.wait import wait_for

_TELL = """
import os, sys
sys.stdin.readline()
print('{"work":"drift","samples":[["windsock_drift_rows",["parcels","%s"],%s]]}', flush=True)
sys.stdin.read()
"""
_FAIL = """
import sys
print('{"work":"skew","problem":"skew failed: ValueError: no store"}', flush=True)
sys.stdin.read()
"""


@asynccontextmanager
async def _keeper(folder: Path, script: str) -> AsyncIterator[Keeper]:
    args = GraphArgs.model_validate(
        {"model": {"name": "parcels"}, "observability": {"directory": "state"}},
        context=folder,
    )
    keeper = Keeper(args, (sys.executable, "-c", script))
    await keeper.start()
    try:
        yield keeper
    finally:
        await keeper.close()


def _rows(version: str) -> float | None:
    level = COUNTS.gauge(drift.DRIFT_ROWS).known.get(("parcels", version))
    return level.value if level else None


def _children() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if "stdin.read()" in " ".join(one.cmdline())]


async def test_what_it_tells_is_exported_as_long_as_it_is_kept(tmp_path: Path) -> None:
    async with _keeper(tmp_path, _TELL % ("kept", 7)) as keeper:
        await wait_for(lambda: _rows("kept") == 7)
        assert keeper.problems() == []
        (child,) = _children()
    assert _rows("kept") is None
    assert not child.is_running()


async def test_a_second_replica_waits_and_takes_over(tmp_path: Path) -> None:
    async with _keeper(tmp_path, _TELL % ("second", 2)) as second:
        await wait_for(lambda: _rows("second") == 2)
        async with _keeper(tmp_path, _TELL % ("third", 3)):
            assert len(_children()) == 1
            await second.close()
            await wait_for(lambda: _rows("third") == 3)
            assert len(_children()) == 1


async def test_one_that_is_killed_is_told_of_and_begins_again(tmp_path: Path) -> None:
    async with _keeper(tmp_path, _TELL % ("killed", 1)) as keeper:
        await wait_for(lambda: _rows("killed") == 1)
        (child,) = _children()
        os.kill(child.pid, signal.SIGKILL)
        await wait_for(lambda: bool(keeper.problems()))
        assert keeper.problems() == ["aside: the process that works aside ended with status -9"]
        assert _rows("killed") is None
        await wait_for(lambda: _rows("killed") == 1)
        assert keeper.problems() == []


async def test_a_work_that_fails_is_a_problem(tmp_path: Path) -> None:
    async with _keeper(tmp_path, _FAIL) as keeper:
        await wait_for(lambda: bool(keeper.problems()))
        assert keeper.problems() == ["aside: skew failed: ValueError: no store"]


async def test_a_folder_that_cannot_be_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    async with _keeper(tmp_path, _TELL % ("none", 1)) as keeper:
        await wait_for(lambda: bool(keeper.problems()))
        assert "cannot be used: File exists" in keeper.problems()[0]
