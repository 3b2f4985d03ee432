"""The manifest of a bundle: what it takes, what it answers, and what it is made of."""

from typing import Any, Literal

from pydantic import AwareDatetime, Field, JsonValue, model_validator

from deployments.bundle.schema import ServiceSchema
from deployments.dtypes import DType
from deployments.model_id import ModelId
from deployments.strict import StrictModel


class FieldSpec(StrictModel):
    """One field of a request: an entity key, or a request feature with its allowed range.

    ``minimum`` and ``maximum`` are inclusive, in the field's unit (epoch seconds for a
    timestamp), of the elements where it is an array; ``max_length`` is of text in characters, of
    bytes in bytes, of arrays in elements. An ``optional`` field may be left out or null, and is
    missing then. ``example`` is a value as a client would write it.
    """

    name: str
    dtype: DType
    description: str = ""
    example: JsonValue
    minimum: int | float | None = None
    maximum: int | float | None = None
    max_length: int | None = Field(default=None, ge=1)
    optional: bool = False


class OutputSpec(StrictModel):
    """One output of the program, in its order: for each row a value of a NumPy ``dtype``, or an
    array of them of ``shape``. ``labels`` are the names of what its whole numbers count, or of the
    elements of its last axis. Older manifests have a ``width`` of float32 numbers.
    """

    name: str
    description: str = ""
    dtype: str = "float32"
    shape: list[int] = Field(default_factory=list)
    labels: list[str] | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_width(cls, given: Any) -> Any:
        if isinstance(given, dict) and "width" in given:
            width = given["width"]
            given = {key: value for key, value in given.items() if key != "width"}
            return given if width == 1 else {**given, "shape": [width]}
        return given


class ProgramSpec(StrictModel):
    """Which file holds the program, and what runs it: a platform by the name that the Open
    Inference Protocol gives it, ``<project>_<format>``. Older manifests do not say; theirs is this.

    ``max_rows`` is how many rows the program takes at once, None for any number: the model stage
    cuts larger batches for it.
    """

    file: str = "model.pt2"
    platform: str = "pytorch_export"
    max_rows: int | None = None


class PreprocessingSpec(StrictModel):
    """Which file holds the fitted preprocessing, and what it is: declared steps, an ONNX graph, or
    a class of the user's, ``import_path`` (``module:Class``), whose source the bundle carries."""

    kind: Literal["declared", "onnx", "python"] = "declared"
    file: str = "preprocess.json"
    import_path: str | None = None


class TrainingData(StrictModel):
    """From what the model was trained: a SHA-256 over the data, and its size. Without a
    fingerprint it is not known: the bundle's rows are what the online store had."""

    fingerprint: str | None
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
    preprocessing: PreprocessingSpec = PreprocessingSpec()
    defaults: dict[str, JsonValue]
    training_data: TrainingData
    metrics: dict[str, Any]
    libraries: dict[str, str]
    files: dict[str, str]

    @property
    def id(self) -> ModelId:
        """Which model and version this is."""
        return ModelId(self.name, self.version)

    @property
    def code_brought(self) -> str | None:
        """The class whose source it carries (``module:Class``), which every replica runs."""
        spec = self.preprocessing
        return spec.import_path if spec.kind == "python" else None

    @property
    def fields(self) -> list[FieldSpec]:
        """All fields of a request, entity keys first."""
        return self.entities + self.request_features
