"""The identity of a model version, wherever one is named: frames, settings, answers, metrics."""

import msgspec


class ModelId(msgspec.Struct, frozen=True):
    """Which bundle: a directory ``<name>/<version>`` among the models."""

    name: str
    version: str

    def __str__(self) -> str:
        """As logs and errors name it."""
        return f"{self.name} version {self.version}"
