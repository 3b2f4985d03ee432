"""Rows that stand in for a training set: entities that the offline store knows, with the features
that the online store has of them now."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from deployments.bundle.bundle import Bundle, BundleStore
from deployments.bundle.manifest import Manifest, TrainingData
from deployments.columns import Column, column_of, key_column
from deployments.features.lookup import FeatureLookup, open_store
from deployments.features.plan import ServicePlan
from deployments.features.settings import LookupSettings, ViewPolicy
from deployments.frames import Frame, Status
from deployments.json_cells import from_json
from deployments.model_id import ModelId
from training.bundling.contract_file import ContractField
from training.bundling.store_keys import known_keys

_ROWS = 1000

# What is out of date is as good here, and a store may take its time.
_SETTINGS = LookupSettings(policy=ViewPolicy(stale="serve"), budget_s=30.0)


@dataclass(frozen=True, slots=True)
class StoreRows:
    """Request fields and features of N rows, those first of which the online store has most, and
    what is odd about them. ``known`` is of how many views it has a row's entity, int64 [N]."""

    columns: dict[str, Column]
    known: npt.NDArray[np.int64]
    warnings: list[str]


def store_rows(
    repo: Path, store_yaml: Path | None, plan: ServicePlan, fields: Mapping[str, ContractField]
) -> StoreRows:
    """Rows of a feature service, as a replica would look them up now, with the example of each
    request field in ``fields``. Where the offline store knows no entity they are of the examples.

    Raises ValueError for an example that is none, or where no row can be looked up.
    """
    schema, warnings = plan.schema, []
    try:
        keys = known_keys(open_store(repo, store_yaml), plan.stored, schema.entities, _ROWS)
    except ValueError as error:
        warnings.append(f"{error}: the contract's example alone stands for all rows")
        keys = {
            name: key_column(dtype, [_example(fields[name], dtype)])
            for name, dtype in schema.entities.items()
            if name in fields
        }
    count = max(map(len, keys.values()), default=1)
    dtypes = schema.request | {name: one.dtype for name, one in fields.items() if one.dtype}
    request = {
        name: column_of(dtype, [_example(fields[name], dtype)] * count)
        for name, dtype in dtypes.items()
        if name in fields and name not in schema.entities
    }
    manifest = _manifest(plan)
    lookup = FeatureLookup(partial(open_store, repo, store_yaml), _Draft(manifest), _SETTINGS)
    found = asyncio.run(lookup.lookup(Frame(manifest.id, count, {**keys, **request})))
    known = np.zeros(count, dtype=np.int64)
    if found.views is not None:
        known += np.isin(found.views.status, (Status.FRESH, Status.STALE)).sum(axis=0)
        if not known.any():
            warnings.append(
                f"the online store has none of {count} entities that were looked up: fill it "
                "(`feast materialize-incremental`), since what it has gives the bundle its "
                "defaults and its golden rows"
            )
    there = np.flatnonzero(known if known.any() else known == 0)
    ordered = there[np.argsort(-known[there], kind="stable")]
    places = [place for place in ordered.tolist() if place not in found.failed]
    if not places:
        raise ValueError(
            f"no row can be looked up, an on-demand view fails: "
            f"{next(iter(found.failed.values())).message}"
        )
    at = np.array(places)
    return StoreRows({name: one[at] for name, one in found.columns.items()}, known[at], warnings)


def _example(field: ContractField, dtype: str) -> object:
    try:
        return from_json(dtype, field.example)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"the example {field.example!r} of {field.name!r} is no {dtype}: {error}"
        ) from error


class _Draft(BundleStore):
    """A bundle that is not written yet, as far as a lookup reads it."""

    def __init__(self, manifest: Manifest) -> None:
        super().__init__(Path())
        self._manifest = manifest

    def open(self, _model: ModelId) -> Bundle:
        return Bundle(Path(), self._manifest)


def _manifest(plan: ServicePlan) -> Manifest:
    return Manifest(
        name="",
        version="",
        created_at=datetime.now(UTC),
        service=plan.schema,
        service_sha256=plan.schema.fingerprint(),
        code=dict(plan.code),
        entities=[],
        request_features=[],
        outputs=[],
        defaults={},
        training_data=TrainingData(fingerprint="", rows=0),
        metrics={},
        libraries={},
        files={},
    )
