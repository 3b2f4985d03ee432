"""Whoever joins may be killed, or not be alone: each record counts once."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from app.observability.quality.database import opened_to_read
from tests.support.feedback import observed
from tests.support.outcomes import Settings, Writing, counted, fill
from tests.support.serve import ROOT
from tests.support.wait import wait_until

_CATCH_UP = """
import json
from app.observability.feedback.settings import FeedbackSettings
from app.observability.predictions.settings import PredictionsSettings
from app.observability.quality.index import Index
index = Index(PredictionsSettings.model_validate_json({}), FeedbackSettings.model_validate_json({}))
index.catch_up()
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return observed(tmp_path)


def test_two_at_once_count_each_record_once(settings: Settings) -> None:
    fill(Writing(settings), 20_000)
    code = _CATCH_UP.format(*map(repr, documents(settings)))
    workers = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(2)]
    assert [one.wait(timeout=120) for one in workers] == [0, 0]

    assert counted(settings) == {"joined": 20_000}


def test_who_is_killed_amid_the_work_counts_nothing_twice(
    settings: Settings, request: pytest.FixtureRequest
) -> None:
    kills = 20 if request.config.getoption("--long") else 4
    writing = Writing(settings)
    code = _CATCH_UP.format(*map(repr, documents(settings)))
    written = 0
    for kill in range(kills):
        fill(writing, 4000, f"{kill}-")
        written += 4000
        with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) as worker:
            at_work = partial(_read, settings, 4001 * kill)
            wait_until(at_work, "some of it", timeout_s=60)
            os.kill(worker.pid, signal.SIGKILL)

    assert counted(settings) == {"joined": written}


def documents(settings: Settings) -> Iterator[str]:
    for one in settings:
        yield json.dumps(one.model_dump(mode="json", exclude_none=True))


def _read(settings: Settings, least: int) -> bool:
    """Whether more predictions than so many have been read."""
    index = opened_to_read(settings[1].index)
    if index is None:
        return False
    with closing(index):
        (found,) = index.execute("SELECT COUNT(*) FROM predictions").fetchone()
    return bool(found > least)
