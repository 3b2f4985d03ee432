"""Values of every type arrive whole, and are missing where they are, however a row is asked for."""

from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from deployments.bundle.manifest import FieldSpec
from tests.unit.app.protocols.types.cases import CASES, JSON, Case
from tests.unit.app.protocols.types.service import MODEL, Service, answered, service
from tests.unit.app.protocols.types.told import Way
from tests.unit.app.protocols.types.ways import WAYS, client_arrow

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIELDS = {f"f{place}": case for place, case in enumerate(CASES)}

ASKED = [
    pytest.param(name, way, id=f"{case.dtype}-{way.__name__}")
    for name, case in FIELDS.items()
    for way in WAYS
    if case.arrow is not None or way is not client_arrow
]


def fields_of(cases: dict[str, Case]) -> list[FieldSpec]:
    """Optional ones, with limits that their values are within."""
    return [
        FieldSpec(
            name=name,
            dtype=case.dtype,
            example=case.values[0].sent,
            max_length=500 if case.dtype == "string" else None,
            optional=True,
        )
        for name, case in cases.items()
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    folder = tmp_path_factory.mktemp("bundles")
    async with service(folder, fields_of(FIELDS)) as one:
        yield one


def same(told: Any, expected: Any) -> bool:
    """Equal, and of the same type: True is no 1, and 7 no 7.0 where it is more than 2^53."""
    if isinstance(expected, list):
        return len(told) == len(expected) and all(map(same, told, expected))
    if isinstance(expected, dict):
        return told.keys() == expected.keys() and all(same(told[k], v) for k, v in expected.items())
    return told == expected and isinstance(told, bool) == isinstance(expected, bool)


@pytest.mark.parametrize(("name", "way"), ASKED)
async def test_values_arrive_whole(asked: Service, name: str, way: Way) -> None:
    case = FIELDS[name]

    told = await way(asked, name, case, case.values)

    found = [values[f"echo__{name}"] for values, _ in told]
    assert same(found, [value.told for value in case.values])


@pytest.mark.parametrize(("name", "way"), ASKED)
async def test_a_row_may_have_no_value(asked: Service, name: str, way: Way) -> None:
    case = FIELDS[name]
    value = case.values[0]

    told = await way(asked, name, case, [value, None, None])

    found = [values[f"echo__{name}"] for values, _ in told]
    assert same(found, [value.told, None, None])


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_outputs_have_their_types_and_labels(asked: Service, way: Way) -> None:
    case = FIELDS["f0"]

    told = await way(asked, "f0", case, [case.values[0]] * 2)

    for row, (_, outputs) in enumerate(told):
        expected = {
            **answered(row),
            "score": float(np.float32(0.1 + row)),
            "kind": ["cat", "dog"][row],
            "best": ["c", "ab"[row]],
            "chance": {"no": 0.25, "yes": row},
        }
        assert outputs.keys() >= expected.keys() - {"half"}
        assert same(outputs, {name: expected[name] for name in outputs})
        assert isinstance(outputs["count"], int)


async def test_all_outputs_are_raw_where_one_must_be(asked: Service) -> None:
    request = pb.ModelInferRequest(model_name=MODEL)
    key = request.inputs.add(name="key", datatype="BYTES", shape=[1])
    key.contents.bytes_contents.append(b"a")
    row = request.inputs.add(name="row", datatype="INT64", shape=[1])
    row.contents.int64_contents.append(1)

    response = await asked.stub.ModelInfer(request)

    assert len(response.raw_output_contents) == len(response.outputs)
    half = [one.name for one in response.outputs].index("half")
    assert np.frombuffer(response.raw_output_contents[half], np.float16).tolist() == [0.5, 1.0]


async def test_metadata_tell_types_and_labels(asked: Service) -> None:
    told = (await asked.http.get(f"/v2/models/{MODEL}")).json()
    inputs = {one["name"]: one for one in told["inputs"]}
    outputs = {one["name"]: one for one in told["outputs"]}

    for name, case in FIELDS.items():
        one = inputs[name]
        assert one["datatype"] == ("BYTES" if case.oip == JSON else case.oip)
        assert one["parameters"] == {"type": case.dtype, "optional": True}
    assert inputs["f9"]["shape"] == [-1, 3]
    shapes = {name: (one["datatype"], one["shape"]) for name, one in outputs.items()}
    assert shapes == {
        "score": ("FP32", [-1]),
        "exact": ("FP64", [-1]),
        "half": ("FP16", [-1, 2]),
        "count": ("INT64", [-1]),
        "small": ("UINT8", [-1, 2, 3]),
        "flag": ("BOOL", [-1]),
        "kind": ("BYTES", [-1]),
        "best": ("BYTES", [-1, 2]),
        "chance": ("FP32", [-1, 2]),
        "features": ("BYTES", [-1]),
    }
    labelled = {name for name, one in outputs.items() if "labels" in one.get("parameters", {})}
    assert labelled == {"kind", "best", "chance"}
    assert outputs["chance"]["parameters"] == {"labels": '["no","yes"]'}
    about = await asked.stub.ModelMetadata(pb.ModelMetadataRequest(name=MODEL))
    assert about.properties["f9.type"] == "array<float32, 3>"
    assert about.properties["f9.optional"] == "true"
    assert about.properties["chance.labels"] == '["no","yes"]'
