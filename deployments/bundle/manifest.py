"""The manifest of a bundle: what it takes, what it answers, and what it is made of."""

from typing import Any, Literal

from pydantic import AwareDatetime, Field

from deployments.bundle.schema import ServiceSchema
from deployments.frames import DType
from deployments.model_id import ModelId
from deployments.strict import StrictModel


class FieldSpec(StrictModel):
    """One field of a request: an entity key, or a request feature with its allowed range.

    ``minimum`` and ``maximum`` are inclusive, in the field's unit (epoch seconds for a
    timestamp); ``example`` is a value as a client would write it.
    """

    name: str
    dtype: DType
    description: str = ""
    example: str | int | float | bool
    minimum: float | None = None
    maximum: float | None = None


class OutputSpec(StrictModel):
    """One output of the program, in its order: a number per row, or ``width`` of them."""

    name: str
    description: str = ""
    width: int = 1


class ProgramSpec(StrictModel):
    """Which file holds the program, and what runs it: a platform by the name that the Open
    Inference Protocol gives it, ``<project>_<format>``. Older manifests do not say; theirs is this.

    ``max_rows`` is how many rows the program takes at once, None for any number: the model stage
    cuts larger batches for it.
    """

    file: str = "model.pt2"
    platform: str = "pytorch_export"
    max_rows: int | None = None


class TrainingData(StrictModel):
    """From what the model was trained: a SHA-256 over the data, and its size."""

    fingerprint: str
    rows: int


class Manifest(StrictModel):
    """The content of ``manifest.json``."""

    format: Literal[1] = 1
    name: str
    version: str
    description: str = ""
    created_at: AwareDatetime
    service: ServiceSchema
    service_sha256: str
    entities: list[FieldSpec]
    request_features: list[FieldSpec]
    code: dict[str, str] = Field(default_factory=dict)
    """By on-demand view the SHA-256 of what it computes; older bundles do not say."""
    outputs: list[OutputSpec]
    program: ProgramSpec = ProgramSpec()
    defaults: dict[str, float | str | None]
    training_data: TrainingData
    metrics: dict[str, Any]
    libraries: dict[str, str]
    files: dict[str, str]

    @property
    def id(self) -> ModelId:
        """Which model and version this is."""
        return ModelId(self.name, self.version)

    @property
    def fields(self) -> list[FieldSpec]:
        """All fields of a request, entity keys first."""
        return self.entities + self.request_features
