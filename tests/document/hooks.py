"""What JSON Schema cannot say of the requests that the document suggests, and of their answers."""

import json
from datetime import UTC, datetime
from typing import Any

import jsonschema
import schemathesis
from hypothesis import strategies as st
from schemathesis import DeserializationContext, HookContext, Response

# The flights that the shipped model knows leave in 2013; a format has no bounds in JSON Schema.
_INSTANTS = st.datetimes(datetime(2013, 1, 1), datetime(2014, 1, 1), timezones=st.just(UTC))

schemathesis.openapi.format("date-time", _INSTANTS.map(datetime.isoformat))


@schemathesis.deserializer("application/x-ndjson")
def first_line(_: DeserializationContext, answer: Response) -> Any:
    """The document describes a line."""
    return json.loads(answer.text.partition("\n")[0])


@schemathesis.hook
def map_body(context: HookContext, body: Any) -> Any:
    """The tensors of a sound inference are of one length, and its outputs are asked for once."""
    assert context.operation is not None
    if not context.operation.path.endswith("/infer"):
        return body
    schema = {
        "$ref": "#/components/schemas/InferenceRequest",
        "components": context.operation.schema.raw_schema["components"],
    }
    if not jsonschema.Draft202012Validator(schema).is_valid(body):
        return body
    rows = min(len(one["data"]) for one in body["inputs"])
    inputs = [one | {"shape": [rows], "data": one["data"][:rows]} for one in body["inputs"]]
    outputs = {one["name"]: one for one in body.get("outputs") or ()}
    return body | {"inputs": inputs, "outputs": list(outputs.values())}
