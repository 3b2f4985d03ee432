"""Every way to ask for rows by JSON, and from Python."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tests.unit.app.protocols.types.cases import Case, Value
from tests.unit.app.protocols.types.oip_ways import (
    grpc_raw,
    grpc_typed,
    oip_binary,
    oip_json,
    oip_json_nested,
)
from tests.unit.app.protocols.types.service import Service
from tests.unit.app.protocols.types.told import Told, Values, Way
from windsock import Prediction
from windsock.records import OWN


async def rest(service: Service, name: str, case: Case, values: Values) -> Told:
    body = {"instances": _rows(name, values, lambda value: value.sent)}
    answer = await service.http.post("/predict/batch?values=true", json=body)
    assert answer.status_code == 200, answer.text
    return list(map(_of_json, answer.json()["predictions"]))


async def websocket(service: Service, name: str, case: Case, values: Values) -> Told:
    rows = enumerate(_rows(name, values, lambda value: value.sent))
    return [_of_json(await service.stream.ask(place, row)) for place, row in rows]


async def client_rows(service: Service, name: str, case: Case, values: Values) -> Told:
    rows = _rows(name, values, lambda value: value.cell)
    return _of_predictions(await service.client.predict_batch(rows, values=True))


async def client_stream(service: Service, name: str, case: Case, values: Values) -> Told:
    rows = list(enumerate(_rows(name, values, lambda value: value.cell)))
    streamed = service.client.stream(rows, lambda placed: placed[1], values=True)
    answers = {place: answer async for (place, _), answer in streamed}
    return _of_predictions([answers[place] for place, _ in rows])


async def client_numpy(service: Service, name: str, case: Case, values: Values) -> Told:
    rows = _rows(name, values, lambda value: _in_numpy(value.cell))
    return _of_predictions(await service.client.predict_batch(rows, values=True))


async def client_pandas(service: Service, name: str, case: Case, values: Values) -> Told:
    cells = pd.Series([value and value.cell for value in values], dtype=object)
    frame = pd.DataFrame({"key": "a", "row": range(len(values)), name: cells})
    answers = await service.client.predict_batch(frame, values=True)
    assert answers["code"].isna().all(), answers["message"].tolist()
    return list(map(_of_record, answers.to_dict("records")))


async def client_arrow(service: Service, name: str, case: Case, values: Values) -> Told:
    cells = [value and _in_arrow(case.arrow, value.cell) for value in values]
    plain = {"key": ["a"] * len(values), "row": range(len(values))}
    table = pa.table({**plain, name: pa.array(cells, case.arrow)})
    answers = await service.client.predict_batch(table, values=True)
    assert answers["code"].null_count == len(values), answers["message"]
    return list(map(_of_record, answers.to_pylist()))


WAYS: list[Way] = [
    *(rest, websocket, oip_json, oip_json_nested, oip_binary, grpc_typed, grpc_raw),
    *(client_rows, client_stream, client_numpy, client_pandas, client_arrow),
]


def _rows(name: str, values: Values, form: Callable[[Value], Any]) -> list[dict[str, Any]]:
    """What is missing is left out of the last row, and null in others."""
    rows: list[dict[str, Any]] = [
        {"key": "a", "row": place, name: None if value is None else form(value)}
        for place, value in enumerate(values)
    ]
    if values[-1] is None:
        del rows[-1][name]
    return rows


def _of_json(said: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    assert "outputs" in said, said
    return said["features"]["values"], said["outputs"]


def _of_predictions(answers: Sequence[Any]) -> Told:
    told: Told = []
    for one in answers:
        assert isinstance(one, Prediction), one
        assert one.features.values is not None
        told.append((one.features.values, one.outputs))
    return told


def _of_record(record: dict[Any, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Where a column has no value for a row, pandas has NaN, and Arrow null within structs, too."""
    cells = {name: _pruned(cell) for name, cell in record.items() if name not in OWN}
    values = {name: cell for name, cell in cells.items() if name.startswith("echo__")}
    return values, {name: cell for name, cell in cells.items() if name not in values}


def _pruned(cell: Any) -> Any:
    if isinstance(cell, dict):
        return {name: one for name, one in cell.items() if one is not None}
    return None if isinstance(cell, float) and cell != cell else cell


def _in_numpy(cell: Any) -> Any:
    if isinstance(cell, list):
        plain = all(isinstance(one, bool | int | float | str) for one in cell)
        return np.array(cell, dtype=None if plain else object)
    return np.array([cell])[0] if isinstance(cell, bool | int | float | str) else cell


def _in_arrow(kind: Any, cell: Any) -> Any:
    return list(cell.items()) if pa.types.is_map(kind) else getattr(cell, "bytes", cell)
