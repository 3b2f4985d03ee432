"""A scikit-learn ColumnTransformer and a LightGBM classifier, each as an ONNX file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType as Floats
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = ["amount", "months", "account__income", "account__open_loans", "account__late_payments"]
TEXTS = ["purpose", "account__employment"]


@dataclass(frozen=True)
class Pipeline:
    """What was fitted: from columns to a row of numbers, and from there to the risk."""

    transformer: ColumnTransformer
    classifier: LGBMClassifier

    def predict_proba(self, table: pd.DataFrame) -> np.ndarray:
        """The probability of each risk, [N, 3], as scikit-learn and LightGBM compute it."""
        features = self.transformer.transform(as_columns(table))
        return np.asarray(self.classifier.predict_proba(features))


def as_columns(table: pd.DataFrame) -> pd.DataFrame:
    """The columns as serving hands them to a graph: numbers as float32 with NaN, and text with ""
    for missing."""
    numbers = table[NUMBERS].astype("float64").astype("float32")
    return numbers.join(table[TEXTS].astype(object).fillna(""))


def fit(table: pd.DataFrame, risks: np.ndarray) -> Pipeline:
    """Fit to the joined training table, the same at every run."""
    transformer = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
            ("texts", OneHotEncoder(handle_unknown="ignore", sparse_output=False), TEXTS),
        ]
    )
    features = transformer.fit_transform(as_columns(table))
    classifier = LGBMClassifier(
        n_estimators=40, num_leaves=8, n_jobs=1, deterministic=True, random_state=1, verbose=-1
    )
    return Pipeline(transformer, classifier.fit(features, risks))


def write(pipeline: Pipeline, folder: Path) -> None:
    """Write the preprocessing, ``preprocess.onnx``, and the program, ``model.onnx``."""
    width = pipeline.classifier.n_features_in_
    preprocess = convert_sklearn(
        pipeline.transformer,
        initial_types=[
            *((name, FloatTensorType([None, 1])) for name in NUMBERS),
            *((name, StringTensorType([None, 1])) for name in TEXTS),
        ],
        final_types=[("features", FloatTensorType([None, width]))],
    )
    # Without zipmap the scores are a tensor, not a dictionary for each row.
    program = convert_lightgbm(
        pipeline.classifier, initial_types=[("features", Floats([None, width]))], zipmap=False
    )
    for name, model in (("preprocess", preprocess), ("model", program)):
        (folder / f"{name}.onnx").write_bytes(model.SerializeToString())
