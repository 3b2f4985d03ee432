"""Rows as the tensors that a model's metadata asks for, and answers as rows again."""

import json
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

NUMPY = {"BYTES": np.object_, "INT64": np.int64, "FP64": np.float64, "BOOL": np.bool_}

Row = dict[str, Any]


def columns(rows: list[Row], inputs: list[dict[str, Any]]) -> dict[str, tuple[str, Any]]:
    """By input: its datatype, and an array of shape [N]."""
    made: dict[str, tuple[str, Any]] = {}
    for one in inputs:
        values = [row[one["name"]] for row in rows]
        if one["datatype"] == "BYTES":
            values = [value.encode() for value in values]
        made[one["name"]] = one["datatype"], np.array(values, dtype=NUMPY[one["datatype"]])
    return made


def answers(tensors: Mapping[str, Any]) -> list[Row]:
    """Per row its ``outputs`` and ``features``, as the REST interface has them."""
    features = [json.loads(told) for told in tensors["features"]]
    outputs = {name: tensor for name, tensor in tensors.items() if name != "features"}
    return [
        {
            "outputs": {name: tensor[place].tolist() for name, tensor in outputs.items()},
            "features": features[place],
        }
        for place in range(len(features))
    ]


def asked() -> Any:
    """What the test wants of this script."""
    return json.load(sys.stdin)


def tell(found: Any) -> None:
    json.dump(found, sys.stdout)
