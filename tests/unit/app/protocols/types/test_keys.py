"""Entity keys of any type that Feast knows for them, and that they cannot be left out."""

from pathlib import Path

import pytest

from deployments.bundle.manifest import FieldSpec
from tests.unit.app.protocols.types.cases import CASES, Case
from tests.unit.app.protocols.types.service import service
from tests.unit.app.protocols.types.ways import WAYS

KEYS = ("string", "int64", "bool", "bytes", "uuid", "decimal", "timestamp", "zoned_timestamp")


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.dtype in KEYS], ids=lambda case: case.dtype
)
async def test_a_key_arrives_whole_in_every_way(tmp_path: Path, case: Case) -> None:
    values = [value for value in case.values if len(str(value.sent)) <= 256]
    key = FieldSpec(name="key", dtype=case.dtype, example=values[0].sent)

    async with service(tmp_path, [], key) as asked:
        for way in WAYS:
            told = await way(asked, "key", case, values)
            found = [one["echo__key"] for one, _ in told]
            assert found == [value.told for value in values], way.__name__

        for row in ({"row": 0}, {"row": 0, "key": None}):
            answer = await asked.http.post("/predict/batch", json={"instances": [row]})
            (told_,) = answer.json()["predictions"]
            assert (told_["error"]["field"], told_["error"]["row"]) == ("key", 0)
        tensor = {"name": "row", "datatype": "INT64", "shape": [1], "data": [0]}
        refused = await asked.http.post("/v2/models/types/infer", json={"inputs": [tensor]})
        assert (refused.status_code, refused.json()["error"][:15]) == (422, "key is missing:")
