"""A bundle's first start: in an interpreter of its own, with a replica's code, before it counts.

A replica reads bundle, registry and store afresh, and knows none of the modules that a training
has imported; what it would die of is found here.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypeVar

import numpy as np

from app.config import PROJECT, BatchSettings
from app.serving.chain import Chain
from app.serving.dataplane import Dataplane
from deployments.bundle.bundle import BundleStore
from deployments.features.lookup import FeatureLookup, open_store
from deployments.features.settings import LookupSettings, ViewPolicy
from deployments.frames import Frame, Status, ViewStates
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
    models_dir: Path, model: ModelId, feature_repo: Path, feature_store_yaml: Path | None
) -> list[str]:
    """Start the bundle as a replica does, and send its example and its golden rows through all
    stages; what is odd about it, though it serves. Raises ValueError where it cannot serve."""
    paths = [models_dir, feature_repo, *filter(None, [feature_store_yaml])]
    reads, writes = os.pipe()
    command = [sys.executable, "-m", __name__, str(writes), model.name, model.version]
    with TemporaryFile("w+") as said, open(reads) as report:
        # From the checkout, as `windsock up` starts its replicas.
        process = subprocess.Popen(
            [*command, *(str(path.resolve()) for path in paths)],
            cwd=PROJECT,
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


class _Watched:
    """What goes wrong in the stages, by their names, and what the lookup finds."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self.states: list[ViewStates] = []

    def stage(
        self, name: str, call: Callable[[F], Awaitable[T]]
    ) -> Callable[[F], Awaitable[Timed[T]]]:
        async def watched(frame: F) -> T:
            try:
                found = await call(frame)
            except Exception as error:
                reason = " ".join(str(error).split())
                self.failures.append(f"{name} fails: {type(error).__name__}: {reason}")
                raise
            if isinstance(found, Frame) and found.views is not None:
                self.states.append(found.views)
            return found

        return timed(watched)

    @property
    def unread(self) -> bool:
        """Whether not one row could be read."""
        return bool(self.states) and all(
            len(states.names) > 0
            and bool(np.all((states.status == Status.DEFAULTED) & np.isnan(states.age_s)))
            for states in self.states
        )


async def _start(
    models_dir: Path, model: ModelId, repo: Path, store_yaml: Path | None
) -> list[str]:
    bundles, watched = BundleStore(models_dir), _Watched()
    lookup = FeatureLookup(partial(open_store, repo, store_yaml), bundles, _SETTINGS)
    chain = Chain(
        watched.stage("the feature lookup", lookup.lookup),
        watched.stage("preprocessing", Preprocessing(bundles).transform),
        watched.stage("the model", ModelStage(bundles, ModelOptions(device="cpu")).predict),
    )
    dataplane = Dataplane(bundles, chain, model.name)
    try:
        await dataplane.activate(model.version, BatchSettings())
    finally:
        if watched.failures:
            raise ValueError(watched.failures[0])
    if watched.unread:
        return ["the online store cannot be read: the chain was tried with training's defaults"]
    return [dataplane.problem] if dataplane.problem else []


def main() -> None:
    """In the interpreter of its own: one line to whoever started it."""
    report, name, version, models_dir, repo, *store_yaml = sys.argv[1:]
    yaml = Path(store_yaml[0]) if store_yaml else None
    found: dict[str, str | list[str]]
    try:
        start = _start(Path(models_dir), ModelId(name, version), Path(repo), yaml)
        found = {"warnings": asyncio.run(start)}
    except Exception as error:
        found = {"refused": " ".join(str(error).split()) or type(error).__name__}
    with open(int(report), "w") as line:
        print(json.dumps(found), file=line)


if __name__ == "__main__":
    main()
