"""Preprocessing fitted to a few values."""

from typing import Any

from deployments.bundle.bundle import Bundle
from deployments.columns import Column, column_of
from deployments.preprocess.declared import DeclaredPreprocessor, load
from deployments.preprocess.spec import PreprocessSpec


def fitted(columns: dict[str, Column], **spec: Any) -> DeclaredPreprocessor:
    return DeclaredPreprocessor.fit(PreprocessSpec.model_validate(spec), columns)


def preprocessor_of(bundle: Bundle) -> DeclaredPreprocessor:
    return load(bundle)


def amounts(*values: float | None) -> dict[str, Column]:
    return {"amount": column_of("float64", values)}


def words(*values: str | None) -> dict[str, Column]:
    return {"word": column_of("string", values)}
