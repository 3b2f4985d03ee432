"""The identity of a model version, wherever one is named: frames, settings, answers, metrics."""

import msgspec


class ModelId(msgspec.Struct, frozen=True):
    """Which bundle: a directory ``<name>/<version>`` among the models."""

    name: str
    version: str
