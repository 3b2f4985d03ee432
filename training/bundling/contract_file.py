"""``contract.yaml``: what a client of a model sends and gets, in words and examples."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from deployments.dtypes import DType
from deployments.json_cells import key_text


def _as_json(value: object) -> object:
    """What YAML reads as JSON could have it: it knows instants, and keys that are no text."""
    if isinstance(value, dict):
        return {key_text(key): _as_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_json(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def _named(name: str) -> str:
    # What msgspec takes for the name of a member; and of nothing no error could tell.
    if not name.strip() or not name.isprintable() or {'"', "\\"} & set(name):
        raise ValueError(f"{name!r} cannot be a name: it is what a client writes and reads")
    return name


Name = Annotated[str, AfterValidator(_named)]
Bound = Annotated[int | float | str, BeforeValidator(_as_json)]
Example = Annotated[JsonValue, BeforeValidator(_as_json)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ContractField(_Strict):
    """One field of a request.

    ``dtype`` is needed only where the feature service does not know the field, or not how long its
    arrays are; ``minimum`` and ``maximum`` are inclusive, ISO 8601 for an instant, and of the
    elements of an array; ``max_length`` is of text, bytes, arrays and sets. An ``optional`` field
    may be left out or null; where it is not said, one is of which training saw gaps.
    """

    name: Name
    description: str = ""
    example: Example
    dtype: DType | None = None
    minimum: Bound | None = None
    maximum: Bound | None = None
    max_length: int | None = None
    optional: bool | None = None


class ContractOutput(_Strict):
    """One output, by its name or in the order in which the program answers them. ``labels`` are
    the names of what its whole numbers count, or of its scores."""

    name: Name
    description: str = ""
    labels: list[Name] | None = None


class ContractFile(_Strict):
    """The whole file."""

    description: str = ""
    entities: list[ContractField] = []
    request_features: list[ContractField] = []
    outputs: list[ContractOutput] = Field(min_length=1)
