"""Batches of parcels as a replica answers them, beside a training that a test makes."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.edge.options import RequestOptions
from app.edge.recording import Recording
from app.observability.drift.counter import Counter
from app.observability.drift.settings import DriftSettings
from app.observability.drift.tally import encode
from app.serving.answers import AnsweredBatch
from app.serving.chain import BatchResult, StageTimes
from deployments.bundle.bundle import MANIFEST, BundleStore, sha256
from deployments.bundle.manifest import Manifest
from deployments.columns import column_of
from deployments.drift.reference import REFERENCE, Reference
from deployments.frames import Frame
from deployments.model_id import ModelId
from tests.support.journals import Written, journal_settings
from tests.support.manifests import parcels, store
from training.bundling.reference.make import reference
from training.bundling.reference.predicted import Predictions
from training.bundling.reference.rows import TimedRows

TRAINED = 50_000
DEPOTS = ["north", "south", "east"]
DTYPES = {"depot": "string", "weight": "float64", "pieces": "int64", "insured": "bool"}


@dataclass
class Rows:
    """``columns`` of parcels, and the output ``late`` of each."""

    columns: dict[str, Any]
    late: np.ndarray

    def __len__(self) -> int:
        return len(self.late)


def rows(rng: np.random.Generator, count: int, shift: float = 0.0) -> Rows:
    """Parcels whose weights, of a standard deviation of 50, are shifted by so many of them."""
    weight = rng.normal(500, 50, count) + 50 * shift
    columns = {
        "depot": column_of("string", rng.choice(DEPOTS, count, p=[0.6, 0.3, 0.1]).tolist()),
        "weight": np.where(rng.random(count) < 0.05, np.nan, weight),
        "pieces": column_of("int64", rng.poisson(3, count).tolist()),
        "insured": rng.integers(0, 2, count).astype(np.float64),
    }
    return Rows(columns, rng.beta(2, 5, count).astype(np.float32))


def trained(rng: np.random.Generator, **more: Any) -> Reference:
    """What their training was."""
    made = rows(rng, TRAINED)
    predictions = Predictions({"late": made.late})
    found, _ = reference(TimedRows(made.columns, **more), DTYPES, ["depot"], predictions)
    return found


def bundled(folder: Path, reference: Reference | None, *versions: str) -> BundleStore:
    """A store of parcels whose bundles hold this reference, or none."""
    bundles = store(folder, *map(parcels, versions or ("1",)))
    if reference is not None:
        for path in folder.glob(f"*/*/{MANIFEST}"):
            (path.parent / REFERENCE).write_text(reference.model_dump_json())
            manifest = json.loads(path.read_text())
            manifest["files"][REFERENCE] = sha256(path.parent / REFERENCE)
            path.write_text(json.dumps(manifest))
    return bundles


def drift_settings(folder: Path, **more: Any) -> DriftSettings:
    """With a journal in this folder."""
    journal = journal_settings(folder, unwritable="serve").model_dump()
    return DriftSettings.model_validate({"journal": journal, **more})


def batch(made: Rows, version: str = "1", failed: Any = None) -> AnsweredBatch:
    """These rows as a finished batch."""
    frame = Frame(ModelId("parcels", version), len(made), made.columns)
    ran = BatchResult({"late": made.late}, frame, {}, failed or {}, StageTimes(0, 0, 0, 0))
    return AnsweredBatch(ran, rows=[()] * len(made))


class _Serving:
    """As much of a served version as a recorder that counts asks for."""

    def __init__(self, manifest: Manifest) -> None:
        self.model, self.manifest = manifest.id, manifest


def recordings(count: int, version: str = "1") -> Any:
    """One request that all of a batch belongs to."""
    serving: Any = _Serving(parcels(version))
    route: Any = None
    return [(Recording((), RequestOptions([]), route, serving), 0, count)]


class Replica:
    """Writes counts as a replica does, without a loop."""

    def __init__(self, folder: Path, reference: Reference, seed: int = 1) -> None:
        self.written = Written(folder)
        self._counter = Counter(reference)
        self._rng = np.random.default_rng(seed)

    def serve(self, count: int, shift: float = 0.0, version: str = "1") -> None:
        """Count so many rows, 250 a record."""
        for begin in range(0, count, 250):
            made = rows(self._rng, min(250, count - begin), shift)
            for name in self._counter.names:
                self._counter.add(name, [batch(made, version)])
            self._counter.rows = len(made)
            self.written.write([encode(self._counter.taken("parcels", version))])
