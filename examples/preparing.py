"""What the examples do alike between their training set and their program."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from feast import FeatureStore

from deployments.columns import Column
from deployments.dtypes import DType
from deployments.features.resolve import resolve
from deployments.preprocess.declared import DeclaredPreprocessor
from deployments.preprocess.spec import PreprocessSpec
from training.bundling.columns import columns_of
from training.bundling.documents import read, validated


def fitted(
    home: Path,
    store: FeatureStore,
    service: str,
    joined: pd.DataFrame,
    own: Mapping[str, DType] | None = None,
) -> tuple[DeclaredPreprocessor, dict[str, Column]]:
    """The ``preprocess.yaml`` in ``home``, fitted to the training set and kept beside it, and the
    set's columns; ``own`` are the types of request fields that the service does not know."""
    schema = resolve(store, service).schema
    dtypes = schema.entities | schema.request | schema.columns | dict(own or {})
    columns = columns_of(joined, dtypes, schema.entities)
    spec = home / "preprocess.yaml"
    preprocessor = DeclaredPreprocessor.fit(validated(spec, read(spec), PreprocessSpec), columns)
    (home / "data" / "preprocess.json").write_text(preprocessor.dump())
    return preprocessor, columns
