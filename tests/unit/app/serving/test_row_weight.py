import pickle
from typing import Any

import pytest

from app.serving.contract import Contract
from app.serving.row_weight import rows_in_a_hop
from deployments.bundle.manifest import FieldSpec
from deployments.frames import Frame
from tests.support.manifests import PARCELS, field, manifest

LONG = {
    "string": "\U0001f600" * 256,
    "bytes": "A" * 5460,
    "array<int64>": [2**63 - 1] * 4096,
    "array<float32, 128>": [0.1] * 128,
    "array<string>": [f"{place:06}".ljust(256, "\U0001f600") for place in range(4096)],
}
"""The heaviest value of a field."""


@pytest.mark.parametrize("dtype", LONG)
def test_as_many_of_the_heaviest_rows_fit(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = 8 * 2**20
    monkeypatch.setenv("RAY_SERVE_REPLICA_GRPC_MAX_MESSAGE_LENGTH", str(limit))
    spec = FieldSpec(name="x", dtype=dtype, example=LONG[dtype])
    bundle = manifest(entities=[field("key", "int64")], request_features=[spec])
    contract = Contract(bundle)
    count = min(rows_in_a_hop(bundle), 2000)
    rows: list[Any] = contract.rows({"key": list(range(count)), "x": [LONG[dtype]] * count})
    # An object is pickled once: here each row has its own.
    rows = [pickle.loads(pickle.dumps(row)) for row in rows]

    weight = len(pickle.dumps(Frame(PARCELS, count, contract.columns(rows))))

    assert limit / 16 < weight < limit


def test_a_row_that_weighs_more_than_a_hop_takes_is_sent_alone() -> None:
    spec = FieldSpec(name="x", dtype="string", example="a", max_length=10**8)

    assert rows_in_a_hop(manifest(request_features=[spec])) == 1
