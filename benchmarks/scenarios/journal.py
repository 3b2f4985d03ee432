"""The journal by itself: records a second on one core, kept in the batches that come about."""

import asyncio
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from app.journal.journal import Journal
from app.journal.settings import JournalSettings, SealSettings
from app.journal.writers import writer_folders
from app.secrets import Secret
from benchmarks.bars import Bar
from benchmarks.runner import Outcome, Publish, Quick, finish, measuring
from benchmarks.tables import Table, number
from deployments.keyring import create

REQUESTS = [1, 8, 32, 128, 512]
"""Under way at once: each appends a record, waits until it is kept, and appends the next."""
BAR_AT = 128
BAR = 30_000
ROUNDS, ROUND_S = 5, 1.0


@dataclass(frozen=True)
class Way:
    """How a journal is kept."""

    name: str
    durability: str = "write"
    encrypted: bool = False


WAYS = [Way("write"), Way("write, encrypted", encrypted=True), Way("fsync", "fsync")]


@dataclass(frozen=True)
class Figures:
    """Of one round: records a second, records a frame, and bytes on disk a record."""

    rate: float
    batch: float
    size: float


def journal(*, quick: Quick = False, publish: Publish = False) -> int:
    """The journal on one core: records a second by requests under way."""
    rounds, seconds = (2, 0.3) if quick else (ROUNDS, ROUND_S)
    plan = {"requests": REQUESTS, "rounds": rounds, "seconds": seconds}
    with measuring("journal", plan, loads=False) as run, one_core():
        found: dict[str, dict[int, Figures]] = {way.name: {} for way in WAYS}
        for way in WAYS:
            for requests in REQUESTS:
                run.say(f"{way.name}, {requests} requests")
                taken = [measured(way, requests, seconds, run.folder) for _ in range(rounds)]
                found[way.name][requests] = sorted(taken, key=lambda one: one.rate)[rounds // 2]
    columns = ["", *(f"{requests} under way" for requests in REQUESTS), "bytes a record"]
    rows = [
        [name, *(number(one.rate) for one in by.values()), number(by[BAR_AT].size)]
        for name, by in found.items()
    ]
    bar = Bar(f"records/s, write, {BAR_AT} under way", BAR, found["write"][BAR_AT].rate, True)
    document = {
        name: {requests: vars(one) for requests, one in by.items()} for name, by in found.items()
    }
    title = f"Records a second on one core, of {len(records(1)[0])} bytes"
    outcome = Outcome("journal", run.about, [Table(title, columns, rows)], document, [bar])
    return finish(outcome, run.folder, publish=publish)


@contextmanager
def one_core() -> Iterator[None]:
    """For the length of a block, this process, with all of its threads, has one."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def measured(way: Way, requests: int, seconds: float, beside: Path) -> Figures:
    """One round, on the disk of ``beside``."""
    with TemporaryDirectory(dir=beside) as folder:
        settings = settings_of(way, Path(folder))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_measure(settings, requests, seconds))


def settings_of(way: Way, folder: Path) -> JournalSettings:
    """Of a journal in this folder, sealed as by default."""
    keyring = Secret(file=folder / "keyring") if way.encrypted else None
    if way.encrypted:
        create(folder / "keyring")
    return JournalSettings.model_validate(
        {
            "directory": folder / "journal",
            "durability": way.durability,
            "keyring": keyring,
            "seals": SealSettings(directory=folder / "seals", key=Secret(file=folder / "key")),
        }
    )


def records(count: int) -> list[bytes]:
    """As an audit log has them: JSON, of which much is alike, and hashes are not."""
    return [
        json.dumps(
            {
                "time": time.time() + number,
                "request": secrets.token_hex(16),
                "principal": "key:4f1c9a2e",
                "model": {"name": "model", "version": "20261129T182811"},
                "views": {view: {"status": "fresh", "age_s": 3.25} for view in ("a", "b", "c")},
                "inputs": secrets.token_hex(32),
                "outputs": {"probability": number / count, "label": "late"},
                "latency_ms": 1.0 + number % 7 / 10,
                "outcome": "answered",
            }
        ).encode()
        for number in range(count)
    ]


async def _measure(settings: JournalSettings, requests: int, seconds: float) -> Figures:
    made = records(997)
    kept = await Journal.open(settings, "audit")
    end = time.perf_counter() + seconds
    turns = 0

    async def ask(first: int) -> None:
        nonlocal turns
        place = first
        while time.perf_counter() < end:
            kept.append(made[place % len(made)])
            await kept.kept()
            place += requests
            turns += not first

    begin = time.perf_counter()
    await asyncio.gather(*(ask(first) for first in range(requests)))
    took = time.perf_counter() - begin
    await kept.close()
    sizes = [
        one.stat().st_size
        for folder in writer_folders(settings.directory)
        for one in folder.glob("*.segment")
    ]
    return Figures(kept.written / took, kept.written / max(turns, 1), sum(sizes) / kept.written)
