"""What JSON Schema cannot say of the requests that the document suggests, and of their answers."""

import json
from datetime import UTC, datetime
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import DeserializationContext, Response

# The flights that the shipped model knows leave in 2013; a format has no bounds in JSON Schema.
_INSTANTS = st.datetimes(datetime(2013, 1, 1), datetime(2014, 1, 1), timezones=st.just(UTC))

schemathesis.openapi.format("date-time", _INSTANTS.map(datetime.isoformat))


@schemathesis.deserializer("application/x-ndjson")
def first_line(_: DeserializationContext, answer: Response) -> Any:
    """The document describes a line."""
    return json.loads(answer.text.partition("\n")[0])
