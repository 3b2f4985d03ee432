"""One process of a node works aside, whichever replica keeps it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from app.config import GraphArgs
from app.observability.aside.keeper import Keeper
from app.observability.aside.reports import Reports
from deployments.metrics.catalogue import drift
from deployments.metrics.catalogue.graph import ASIDE_AGE
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
sys.stdin.readline()
print('{"work":"skew","samples":[["windsock_skew_rows",["sales"],3]]}', flush=True)
print('{"work":"skew","problem":"skew failed: ValueError: no store"}', flush=True)
sys.stdin.read()
"""


@asynccontextmanager
async def _keeper(
    folder: Path, script: str, python: Path = Path(sys.executable)
) -> AsyncIterator[Keeper]:
    args = GraphArgs.model_validate(
        {
            "model": {"name": "parcels"},
            "observability": {"directory": "state", "drift": {}, "skew": {}},
        },
        context=folder,
    )
    keeper = Keeper(args, (str(python), "-c", script))
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
        assert ("sales",) not in COUNTS.gauge(drift.SKEW_ROWS).known  # what was is not what is


@pytest.mark.parametrize(
    "line",
    [
        "'{}'",
        "'no JSON'",
        """'{"work":"drift","samples":[["windsock_drift_psi",["a","b","c"],null]]}'""",
        """'{"work":"drift","samples":[["windsock_none",[],1]]}'""",
        """'{"work":"drift","samples":[["windsock_drift_rows",[],1]]}'""",
        "'x' * 17 * 2**20",
    ],
    ids=["empty", "torn", "null", "unknown", "labels", "long"],
)
async def test_what_makes_no_sense_ends_the_process_and_not_the_keeper(
    tmp_path: Path, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    once = tmp_path / "once"
    script = f"""
import os, sys
if not os.path.exists({str(once)!r}):
    open({str(once)!r}, "w").close()
    sys.stdin.readline()
    print({line}, flush=True)
    sys.stdin.read()
"""
    async with _keeper(tmp_path, script + _TELL % ("sense", 4)) as keeper:
        await wait_for(lambda: bool(keeper.problems()))
        (problem,) = keeper.problems()
        assert "cannot be kept: " in problem
        assert [f"aside: {one.getMessage()}" for one in caplog.records] == [problem]
        await wait_for(lambda: _rows("sense") == 4)
        assert keeper.problems() == []


async def test_one_that_dies_while_it_tells_has_ended(tmp_path: Path) -> None:
    script = "import sys; print('{\"work\":', end='', flush=True); sys.exit(3)"
    async with _keeper(tmp_path, script) as keeper:
        await wait_for(lambda: bool(keeper.problems()))
        assert keeper.problems() == ["aside: the process that works aside ended with status 3"]


async def test_one_that_cannot_begin_is_told_of_and_tried_again(tmp_path: Path) -> None:
    python = tmp_path / "python"
    async with _keeper(tmp_path, _TELL % ("begun", 5), python) as keeper:
        await wait_for(lambda: bool(keeper.problems()))
        assert "cannot be kept: [Errno 2]" in keeper.problems()[0]
        python.symlink_to(sys.executable)
        await wait_for(lambda: _rows("begun") == 5)
        assert keeper.problems() == []


def _ages() -> dict[str, float]:
    COUNTS.refresh()
    known = COUNTS.gauge(ASIDE_AGE).known
    return {labels[0]: level.value for labels, level in known.items()}


async def test_ages_are_told_by_whoever_keeps_it_also_while_it_is_dead(tmp_path: Path) -> None:
    assert _ages() == {}
    async with _keeper(tmp_path, _TELL % ("aged", 1)) as keeper:
        await wait_for(lambda: _rows("aged") == 1)
        assert _ages().keys() == {"drift", "skew"}
        assert _ages()["drift"] <= _ages()["skew"]
        before = _ages()["skew"]
        (child,) = _children()
        os.kill(child.pid, signal.SIGKILL)
        await wait_for(lambda: bool(keeper.problems()))
        assert _ages()["skew"] > before
        await wait_for(lambda: _rows("aged") == 1)
        assert _ages()["skew"] > before
        assert _ages()["drift"] < _ages()["skew"]
    assert _ages() == {}


async def test_closing_raises_nothing_and_twice_is_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Reports) -> None:
        raise ValueError("a fault of ours")

    async with _keeper(tmp_path, _TELL % ("closed", 1)) as keeper:
        await wait_for(lambda: _rows("closed") == 1)
        (child,) = _children()
        with monkeypatch.context() as patched:
            patched.setattr(Reports, "forget", broken)
            await asyncio.gather(keeper.close(), keeper.close())
        assert not child.is_running()
        assert "was not ended in order" in caplog.text


async def test_a_folder_that_cannot_be_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    async with _keeper(tmp_path, _TELL % ("none", 1)) as keeper:
        await wait_for(lambda: bool(keeper.problems()))
        assert "cannot be used: File exists" in keeper.problems()[0]
