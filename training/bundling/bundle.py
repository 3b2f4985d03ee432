"""Turns a program, a feature service and preprocessing into a bundle.

Works for any Feast repo, and any program that takes what the preprocessing makes for any number of
rows: see docs/bring-your-own.md.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from pyarrow import ArrowInvalid
from pydantic import BaseModel

from deployments.bundle.bundle import BundleError
from deployments.bundle.schema import ServiceSchema
from deployments.columns import Column
from deployments.dtypes import DType
from deployments.features.lookup import open_store
from deployments.features.plan import ServiceError
from deployments.features.resolve import resolve
from deployments.keyring import KeyringError
from training.bundling.columns import columns_of
from training.bundling.contract_file import ContractFile
from training.bundling.documents import read, validated
from training.bundling.fields import request_fields
from training.bundling.preprocessing import preprocessor
from training.bundling.reference.rows import TimedRows, instants_of
from training.bundling.store_rows import store_rows
from training.bundling.writer import write_bundle

_CODE = "it brings code: serve it with `allow_code: true` under `model` in the config"


class BundlingError(Exception):
    """What was given does not make a bundle; the message says in one sentence what is wrong."""


def bundle(
    *,
    name: str,
    program: Path,
    feature_service: str,
    preprocess: Path | None = None,
    contract: Path,
    data: Path | None = None,
    held_out: Path | None = None,
    feature_repo: Path = Path("feature_repo"),
    feature_store_yaml: Path | None = None,
    models_dir: Path = Path("models"),
    metrics: Path | None = None,
    encrypt: Path | None = None,
) -> Path:
    """Write ``<models_dir>/<name>/<version>/`` and return it; what is odd, though it can be served,
    is told on stderr. Raises BundlingError.

    ``program`` is a file whose suffix names its backend; ``preprocess`` a spec (YAML or JSON), or
    a class that it names (``python``), to be fitted on ``data``, a ``preprocess.json`` that is
    fitted already, or an ONNX graph; without any an ONNX ``program`` takes the columns themselves;
    ``contract`` is a ``contract.yaml``; ``data`` the training set (parquet): entity keys, request
    features and ``<view>__<feature>`` columns, and ``event_timestamp`` where there is one, which
    tells how much columns vary from day to day; ``held_out`` rows of the same form that it was not
    trained on, of which the outputs are that served ones are compared with; ``metrics`` a JSON
    object to keep in the manifest; ``encrypt`` the keyring whose primary key is to encrypt it.
    Without ``data`` nothing may have to be learnt, and what the online store has of the entities
    that the offline store knows gives the defaults and the golden rows.
    """
    try:
        described = validated(contract, read(contract), ContractFile)
        store = open_store(feature_repo, feature_store_yaml)
        plan = resolve(store, feature_service)
        # Now, since the data are read as the types that the contract gives.
        request_fields(plan.schema, _documents(described.request_features))
        fingerprint, instants, tested, warnings = None, None, None, []
        if held_out and not data:
            raise ValueError(f"{held_out} is compared beside a training set: give --data, too")
        if held_out:
            rows = training_columns(held_out, plan.schema, described)
            tested = TimedRows(rows, instants_of(held_out))
        if data:
            columns = training_columns(data, plan.schema, described)
            instants = instants_of(data)
            fingerprint = hashlib.sha256(data.read_bytes()).hexdigest()
        else:
            fields = {one.name: one for one in described.entities + described.request_features}
            found = store_rows(feature_repo, feature_store_yaml, plan, fields)
            columns, warnings = found.columns, found.warnings
        prepares = preprocessor(preprocess, program, columns, fit=data is not None)
        if prepares.manifest.kind == "python":
            warnings = [*warnings, _CODE]
        return write_bundle(
            models_dir=models_dir,
            name=name,
            program=program,
            preprocessor=prepares,
            feature_repo=feature_repo,
            feature_store_yaml=feature_store_yaml,
            feature_service=feature_service,
            keyring=encrypt,
            entities=_documents(described.entities),
            request_features=_documents(described.request_features),
            outputs=_documents(described.outputs),
            training_columns=columns,
            instants=instants,
            held_out=tested,
            metrics=_metrics(metrics),
            fingerprint=fingerprint,
            warnings=warnings,
            description=described.description,
        )
    except FileNotFoundError as error:
        raise BundlingError(f"there is no file {error.filename}") from error
    except (BundleError, KeyringError, ServiceError, ValueError, OSError, RuntimeError) as error:
        raise BundlingError(str(error)) from error


def _documents(parts: Sequence[BaseModel]) -> list[dict[str, Any]]:
    return [part.model_dump(exclude_none=True) for part in parts]


def training_columns(
    data: Path, schema: ServiceSchema, contract: ContractFile
) -> dict[str, Column]:
    """What a training set (parquet) has of the columns of a service. Raises ValueError."""
    dtypes: dict[str, DType] = schema.request | {
        field.name: field.dtype for field in contract.request_features if field.dtype
    }
    dtypes |= schema.entities | schema.looked_up
    try:
        # Pandas' own types, since whole numbers with gaps would become floats.
        table = pd.read_parquet(data, dtype_backend="numpy_nullable")
    except ArrowInvalid as error:
        raise ValueError(f"{data} is not a parquet file: {error}") from error
    known = [name for name in table.columns if name in dtypes]
    return columns_of(table[known], dtypes, schema.entities)


def _metrics(path: Path | None) -> dict[str, Any]:
    metrics = read(path) if path else {}
    if not isinstance(metrics, dict):
        raise ValueError(f"{path} must hold a JSON object")
    return metrics
