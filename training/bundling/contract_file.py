"""``contract.yaml``: what a client of a model sends and gets, in words and examples."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from deployments.dtypes import DType


def _as_text(value: object) -> object:
    # YAML reads an unquoted instant as a datetime.
    return value.isoformat() if isinstance(value, datetime) else value


def _named(name: str) -> str:
    # What msgspec takes for the name of a member; and of nothing no error could tell.
    if not name.strip() or not name.isprintable() or {'"', "\\"} & set(name):
        raise ValueError(f"{name!r} cannot be a name: it is what a client writes and reads")
    return name


Name = Annotated[str, AfterValidator(_named)]
Bound = Annotated[float | str, BeforeValidator(_as_text)]
Example = Annotated[str | int | float | bool, BeforeValidator(_as_text)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ContractField(_Strict):
    """One field of a request.

    ``dtype`` is needed only where the feature service does not know the field; ``minimum`` and
    ``maximum`` are inclusive, ISO 8601 for an instant.
    """

    name: Name
    description: str = ""
    example: Example
    dtype: DType | None = None
    minimum: Bound | None = None
    maximum: Bound | None = None


class ContractOutput(_Strict):
    """One output, in the order in which the program answers them."""

    name: Name
    description: str = ""


class ContractFile(_Strict):
    """The whole file."""

    description: str = ""
    entities: list[ContractField] = []
    request_features: list[ContractField] = []
    outputs: list[ContractOutput] = Field(min_length=1)
