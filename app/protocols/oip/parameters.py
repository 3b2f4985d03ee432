"""Parameters: what requests and tensors say beside their data. Those that are not known here are
left alone, as clients may have their own."""

from collections.abc import Mapping

from app.serving.errors import ErrorCode, InvalidRequest

Parameters = Mapping[str, str | bool | int | float]

VALUES = "values"
"""Of a request: also answer the feature values that the model was given."""
TIMEOUT = "timeout"
"""Of a request: the microseconds that its client will wait; 0 is no limit."""
BINARY_OUTPUTS = "binary_data_output"
"""Of a request: answer its outputs in binary unless they say otherwise."""
BINARY = "binary_data"
"""Of a requested output: answer it in binary."""
BINARY_SIZE = "binary_data_size"
"""Of a tensor: the bytes that it takes behind the JSON."""
CONTENT_TYPE = "content_type"
"""Of an input: ``json`` for BYTES that hold a JSON value for each row, as REST has it."""
LABELS = "labels"
"""Of an output: the names of its last axis, as a JSON list."""

# Leaving these alone would answer something else than was asked.
_NOT_HERE = {
    "shared_memory_region": "shared memory is not supported: send the data",
    "classification": "classification is not supported: ask for the output itself",
}


def flag(parameters: Parameters, name: str, default: bool = False) -> bool:
    """A parameter that is true or false. Raises InvalidRequest."""
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise _wrong(name, "true or false")
    return value


def whole(parameters: Parameters, name: str) -> int | None:
    """A parameter that is a whole number, 0 or more and below 2^63; None where it is not there.
    Raises InvalidRequest."""
    value = parameters.get(name)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise _wrong(name, "a whole number, 0 or more")
    return value


def check_supported(parameters: Parameters) -> None:
    """Raises InvalidRequest for what is asked of a tensor and not to be had here."""
    for name, why in _NOT_HERE.items():
        if name in parameters:
            raise InvalidRequest(ErrorCode.INVALID_FIELD, why, name)


def is_json(parameters: Parameters) -> bool:
    """Whether an input's BYTES hold JSON, whatever the field."""
    return parameters.get(CONTENT_TYPE) == "json"


def _wrong(name: str, kind: str) -> InvalidRequest:
    return InvalidRequest(ErrorCode.INVALID_FIELD, f"parameter {name} must be {kind}", name)
