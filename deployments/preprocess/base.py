"""What turns columns into the inputs of a program, in whichever way a bundle declares it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

from deployments.bundle.bundle import Bundle
from deployments.bundle.manifest import PreprocessingSpec
from deployments.columns import Column
from deployments.frames import Inputs, Unseen


@dataclass(frozen=True, slots=True)
class Index:
    """Indices 0 to ``size - 1`` of something learnt, such as rows of an embedding: the whole of
    the int64 input ``input``, or its ``place`` along axis 1. ``column`` is what they are of."""

    input: str
    place: int | None
    column: str
    size: int


class Preprocessor(ABC):
    """Turns columns of N rows into the inputs of a program, each [N, ...]: float32, int64 or bool.

    A row's inputs rest on that row alone. What cannot be prepared raises: where it is tried again
    by itself, that is the error of its row.
    """

    inline: bool = True
    """Whether a batch may be prepared in the event loop; else one at a time beside it."""

    @property
    @abstractmethod
    def inputs(self) -> list[str]:
        """The columns that must be there."""

    @abstractmethod
    def inspect(self, columns: Mapping[str, Column]) -> tuple[Inputs, Unseen]:
        """The inputs of the program, with the categories that training has not seen.

        Raises KeyError naming the column if one of ``inputs`` is absent.
        """

    def transform(self, columns: Mapping[str, Column]) -> Inputs:
        """The inputs of the program alone."""
        return self.inspect(columns)[0]

    @property
    def indices(self) -> list[Index]:
        """What is known of the program's whole-number inputs."""
        return []

    @property
    @abstractmethod
    def manifest(self) -> PreprocessingSpec:
        """What a bundle's manifest says of it."""

    @abstractmethod
    def files(self) -> dict[str, bytes]:
        """What a bundle holds of it: contents by path within the bundle."""


def load(bundle: Bundle) -> Preprocessor:
    """The preprocessing of a bundle: the module that is named like its kind reads it. Raises
    BundleError where it cannot."""
    kind = import_module(f"deployments.preprocess.{bundle.manifest.preprocessing.kind}")
    preprocessor: Preprocessor = kind.load(bundle)
    return preprocessor
