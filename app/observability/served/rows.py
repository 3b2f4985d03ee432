"""The form of served rows: one record for those of a batch, by column."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from app.edge.recording import Recording
from app.serving.answers import AnsweredBatch
from deployments.bundle.manifest import Manifest
from deployments.columns import Column, Integers
from deployments.dtypes import DType
from deployments.frames import Frame, ViewStates
from deployments.json_cells import from_json, to_json
from deployments.model_id import ModelId


class Packed(msgspec.Struct, array_like=True):
    """A column: ``floats`` are float64, ``whole`` int64 (beside floats it is 0 where they are NaN,
    which is missing), ``others`` the JSON of a list of cells."""

    floats: bytes | None = None
    whole: bytes | None = None
    others: bytes | None = None

    @classmethod
    def of(cls, dtype: DType, column: Column) -> "Packed":
        """Numbers as they are: a batch costs as many copies as it has columns."""
        if isinstance(column, Integers):
            return cls(_bytes(column.floats), _bytes(column.values))
        if isinstance(column, np.ndarray) and column.dtype == np.float64:
            return cls(_bytes(column))
        if isinstance(column, np.ndarray) and column.dtype == np.int64:
            return cls(whole=_bytes(column))
        cells = [to_json(dtype, cell) for cell in column.tolist()]
        return cls(others=json.dumps(cells).encode())

    def cells(self, dtype: DType) -> list[Any]:
        """Each row's value as ``Column.tolist`` has it, None for missing, bools as such."""
        if self.others is not None:
            return [from_json(dtype, value) for value in json.loads(self.others)]
        if self.floats is None:
            keys: list[Any] = np.frombuffer(self.whole or b"", np.int64).tolist()
            return keys
        floats = np.frombuffer(self.floats, np.float64).tolist()
        known = floats if self.whole is None else np.frombuffer(self.whole, np.int64).tolist()
        if dtype == "bool":
            known = [value == 1.0 for value in known]
        return [None if one != one else cell for one, cell in zip(floats, known, strict=True)]


class ServedRows(msgspec.Struct, array_like=True):
    """N rows of one version of a model, that were looked up ``at`` an instant of the clock that
    features age by (epoch seconds): entity keys, request fields, the features that were looked up,
    and for each of V ``views`` a ``status`` int8 [V, N] and ``age_s`` float64 [V, N]."""

    model: ModelId
    at: float
    requests: list[str]
    columns: dict[str, Packed]
    views: list[str]
    status: bytes
    age_s: bytes
    run: str = ""
    before: int = 0
    """How many rows this ``run`` of a replica had kept before: what is gone can be counted."""

    @classmethod
    def of(
        cls,
        found: Frame,
        states: ViewStates,
        dtypes: Mapping[str, DType],
        chosen: Mapping[int, str],
    ) -> "ServedRows":
        """The rows ``chosen`` of a batch, request ids by place; of its columns those that have a
        dtype."""
        places, columns = np.array([*chosen], dtype=np.intp), found.columns
        packed = {
            name: Packed.of(dtype, columns[name][places])
            for name, dtype in dtypes.items()
            if name in columns
        }
        return cls(
            found.model,
            states.at,
            [*chosen.values()],
            packed,
            list(states.names),
            _bytes(states.status[:, places]),
            _bytes(states.age_s[:, places]),
        )

    def states(self) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float64]]:
        """Status and age, each [V, N]."""
        shape = len(self.views), len(self.requests)
        status = np.frombuffer(self.status, np.int8).reshape(shape)
        return status, np.frombuffer(self.age_s, np.float64).reshape(shape)


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(ServedRows).decode
"""Raises msgspec.MsgspecError for what is none."""


def dtypes_of(manifest: Manifest) -> dict[str, DType]:
    """Of all that is kept of a row, by column."""
    fields = {field.name: field.dtype for field in manifest.fields}
    return {**fields, **manifest.service.looked_up}


def _bytes(values: npt.NDArray[Any]) -> bytes:
    return np.ascontiguousarray(values).tobytes()


def answered_rows(
    batch: AnsweredBatch, recordings: Sequence[tuple[Recording, int, int]]
) -> dict[int, str]:
    """Of the rows that requests are told, those that have answers: request ids by their places."""
    without = batch.without_answer
    return {
        place: recording.options.request_id
        for recording, begin, rows in recordings
        for place in range(begin, begin + rows)
        if place not in without
    }
