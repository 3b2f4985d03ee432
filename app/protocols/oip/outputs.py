"""Output tensors, in the forms in which transports carry them."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec
import numpy as np
import numpy.typing as npt

from app.protocols.oip.datatypes import BYTES, STORED, datatype_of
from app.protocols.oip.parameters import LABELS
from app.serving.labels import are_scores
from deployments.bundle.manifest import OutputSpec


@dataclass(frozen=True, slots=True)
class Numbers:
    """An output [N], [N, k] or [N, k, m] of numbers."""

    name: str
    values: npt.NDArray[Any]
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def datatype(self) -> str:
        return datatype_of(self.values.dtype)

    @property
    def shape(self) -> list[int]:
        return list(self.values.shape)

    def in_json(self) -> list[Any]:
        """Its elements, in the form of its shape."""
        rows: list[Any] = self.values.tolist()
        return rows

    def elements(self) -> list[Any]:
        """Its elements, one after the other."""
        flat: list[Any] = self.values.ravel().tolist()
        return flat

    def in_bytes(self) -> bytes:
        """The tensor in binary."""
        return self.values.astype(STORED[self.datatype], copy=False).tobytes()


@dataclass(frozen=True, slots=True)
class Texts:
    """An output BYTES of the same shapes: text for each element."""

    name: str
    values: npt.NDArray[np.object_]
    parameters: dict[str, str] = field(default_factory=dict)
    datatype: ClassVar[str] = BYTES

    @property
    def shape(self) -> list[int]:
        return list(self.values.shape)

    def in_json(self) -> list[Any]:
        """Its elements as text, in the form of its shape."""
        rows: list[Any] = self.values.tolist()
        return rows

    def elements(self) -> list[bytes]:
        """Its elements, one after the other."""
        return [b"" if one is None else str(one).encode() for one in self.values.ravel().tolist()]

    def in_bytes(self) -> bytes:
        """The tensor in binary."""
        return _joined(self.elements())


@dataclass(frozen=True)
class Documents:
    """An output BYTES [N]: a JSON document for each row, in ``lines``."""

    name: str
    lines: bytes
    parameters: ClassVar[dict[str, str]] = {}
    datatype: ClassVar[str] = BYTES

    @property
    def shape(self) -> list[int]:
        return [self.lines.count(b"\n")]

    def in_json(self) -> list[str]:
        """Its elements as text."""
        return self.lines.decode().split("\n")[:-1]

    def elements(self) -> list[bytes]:
        """Its elements."""
        return self.lines.split(b"\n")[:-1]

    def in_bytes(self) -> bytes:
        """The tensor in binary."""
        return _joined(self.elements())


Output = Numbers | Texts | Documents


def output_of(spec: OutputSpec, values: npt.NDArray[Any]) -> Output:
    """An output of the program as a tensor; it is text where labels stand for what counts them."""
    kind = Texts if datatype_of(values.dtype) == BYTES else Numbers
    return kind(spec.name, values, parameters_of(spec))


def parameters_of(spec: OutputSpec) -> dict[str, str]:
    """What is said of an output beside its data."""
    return labels_of(spec) if spec.labels and are_scores(spec.shape, spec.labels) else {}


def labels_of(spec: OutputSpec) -> dict[str, str]:
    """The parameter with the names of what it counts, or of its scores, where it has any."""
    return {LABELS: msgspec.json.encode(spec.labels).decode()} if spec.labels else {}


def _joined(elements: list[bytes]) -> bytes:
    return b"".join([len(one).to_bytes(4, "little") + one for one in elements])
