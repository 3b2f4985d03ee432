"""Preprocessing fitted to a few values."""

from typing import Any

from deployments.bundle.bundle import PREPROCESS, Bundle
from deployments.columns import Column, column_of
from deployments.preprocess.spec import PreprocessSpec
from deployments.preprocess.transform import Preprocessor


def fitted(columns: dict[str, Column], **spec: list[dict[str, Any]]) -> Preprocessor:
    return Preprocessor.fit(PreprocessSpec.model_validate(spec), columns)


def preprocessor_of(bundle: Bundle) -> Preprocessor:
    return Preprocessor.load(bundle.path / PREPROCESS)


def amounts(*values: float | None) -> dict[str, Column]:
    return {"amount": column_of("float64", values)}


def words(*values: str | None) -> dict[str, Column]:
    return {"word": column_of("string", values)}
