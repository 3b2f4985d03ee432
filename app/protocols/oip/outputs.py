"""Output tensors, in the forms in which transports carry them."""

from dataclasses import dataclass
from itertools import chain
from typing import Any, ClassVar

import numpy as np

from app.protocols.oip.datatypes import BYTES, STORED


@dataclass(frozen=True, slots=True)
class Numbers:
    """An output FP32 [N] or [N, k]: a number, or a list of k, for each row."""

    name: str
    rows: list[Any]
    datatype: ClassVar[str] = "FP32"

    @property
    def shape(self) -> list[int]:
        first = self.rows[0]
        return [len(self.rows), *([len(first)] if isinstance(first, list) else [])]

    def in_json(self) -> list[Any]:
        """Its elements, in the form of its shape."""
        return self.rows

    def elements(self) -> list[float]:
        """Its elements, one after the other."""
        return list(chain.from_iterable(self.rows)) if len(self.shape) > 1 else self.rows

    def in_bytes(self) -> bytes:
        """The tensor in binary."""
        return np.array(self.rows, STORED[self.datatype]).tobytes()


@dataclass(frozen=True, slots=True)
class Documents:
    """An output BYTES [N]: a JSON document for each row, in ``lines``."""

    name: str
    lines: bytes
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
        return b"".join([len(one).to_bytes(4, "little") + one for one in self.elements()])


Output = Numbers | Documents
