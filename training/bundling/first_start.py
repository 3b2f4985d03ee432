"""A bundle's first start: in an interpreter of its own, with a replica's code, before it counts.

A replica reads bundle, registry and store afresh, and knows none of the modules that a training
has imported; what it would die of is found here.
"""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from math import inf
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypeVar

import numpy as np

from app.config import BatchSettings
from app.serving.chain import BatchResult, Chain
from app.serving.dataplane import Dataplane
from app.serving.errors import RowFailed
from deployments.bundle.bundle import BundleStore
from deployments.features.lookup import FeatureLookup, open_store
from deployments.features.settings import LookupSettings, ViewPolicy
from deployments.frames import Frame, Status
from deployments.model.options import ModelOptions
from deployments.model.stage import ModelStage
from deployments.model_id import ModelId
from deployments.preprocess.stage import Preprocessing
from deployments.stage.timed import Timed, timed

F = TypeVar("F")
T = TypeVar("T")

# Rows of long ago are as good as any here, and a store may take its time.
_SETTINGS = LookupSettings(policy=ViewPolicy(stale="serve"), budget_s=10.0)


def first_start(
    models_dir: Path,
    model: ModelId,
    feature_repo: Path,
    feature_store_yaml: Path | None,
    keyring: Path | None = None,
) -> list[str]:
    """Start the bundle as a replica does, and send its example and its golden rows through all
    stages; what is odd about it, though it serves. Raises ValueError where it cannot serve."""
    paths = [models_dir, feature_repo, feature_store_yaml, keyring]
    reads, writes = os.pipe()
    # -P: nothing is importable here for lying in the folder from which this is run.
    command = [sys.executable, "-P", "-m", __name__, str(writes), model.name, model.version]
    with TemporaryFile("w+") as said, open(reads) as report:
        process = subprocess.Popen(
            [*command, *(str(path.resolve()) if path else "" for path in paths)],
            pass_fds=[writes],
            stdout=said,
            stderr=said,
        )
        os.close(writes)
        line = report.readline()
        process.kill()  # it has nothing more to say, and its end takes as long as its start
        process.wait()
        said.seek(0)
        last = (said.read().strip() or f"it ended with status {process.returncode}").splitlines()[
            -1
        ]
    found: dict[str, Any] = json.loads(line) if line else {"refused": last}
    if "refused" in found:
        raise ValueError(f"no replica could start with this bundle: {found['refused']}")
    warnings: list[str] = found["warnings"]
    return warnings


class _Watched(Chain):
    """The chain, and what comes of its batches; ``failures`` are those of whole stages."""

    def __init__(self, bundles: BundleStore, lookup: FeatureLookup) -> None:
        self.ran: list[BatchResult] = []
        self.failures: list[str] = []
        super().__init__(
            self._named("the feature lookup", lookup.lookup),
            self._named("preprocessing", Preprocessing(bundles).transform),
            self._named("the model", ModelStage(bundles, ModelOptions(device="cpu")).predict),
        )

    async def run(self, frame: Frame, deadline: float = inf) -> BatchResult:
        self.ran.append(await super().run(frame, deadline))
        return self.ran[-1]

    def _named(
        self, name: str, stage: Callable[[F], Awaitable[T]]
    ) -> Callable[[F], Awaitable[Timed[T]]]:
        async def named(frame: F) -> T:
            try:
                return await stage(frame)
            except Exception as error:
                self.failures.append(f"{name} fails: {_told(error)}")
                raise

        return timed(named)


class _Reasons(logging.Handler):
    """What the stages log of rows that they fail for: more than their clients may know."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.reasons: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            self.reasons.append(f"{record.getMessage()}: {_told(record.exc_info[1])}")


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


async def _start(
    models_dir: Path, model: ModelId, repo: Path, store_yaml: Path | None, keyring: Path | None
) -> list[str]:
    read = keyring.read_bytes if keyring else None
    bundles, rows = BundleStore(models_dir, allow_code=True, keyring=read), _Reasons()
    logging.getLogger("ray.serve").addHandler(rows)
    lookup = FeatureLookup(partial(open_store, repo, store_yaml), bundles, _SETTINGS)
    chain = _Watched(bundles, lookup)
    dataplane = Dataplane(bundles, chain, model.name)
    try:
        await dataplane.activate(model.version, BatchSettings())
    except RowFailed as error:  # its client's words; the log has more
        raise ValueError(next(iter(rows.reasons), str(error))) from error
    finally:
        if chain.failures:
            raise ValueError(chain.failures[0])
    warnings = []
    if all(map(_unread, chain.ran)):
        warnings.append("the online store cannot be read: training's defaults stood in for it")
    if dataplane.problem:
        warnings.append(dataplane.problem)
    failed = sum(len(ran.failed) for ran in chain.ran)
    if failed:
        tried = sum(ran.found.rows for ran in chain.ran)
        warnings.append(
            f"{failed} of the example and the golden rows ({tried}) have no answer: "
            f"{rows.reasons[0]}"
        )
    return warnings


def _unread(ran: BatchResult) -> bool:
    """Whether not one row of it could be read."""
    states = ran.found.views
    if states is None or not states.names:
        return False
    return bool(np.all((states.status == Status.DEFAULTED) & np.isnan(states.age_s)))


def main() -> None:
    """In the interpreter of its own: one line to whoever started it."""
    report, name, version, models_dir, repo, *optional = sys.argv[1:]
    yaml, keyring = (Path(path) if path else None for path in optional)
    found: dict[str, str | list[str]]
    try:
        start = _start(Path(models_dir), ModelId(name, version), Path(repo), yaml, keyring)
        found = {"warnings": asyncio.run(start)}
    except Exception as error:
        found = {"refused": " ".join(str(error).split()) or type(error).__name__}
    with open(int(report), "w") as line:
        print(json.dumps(found), file=line)


if __name__ == "__main__":
    main()
