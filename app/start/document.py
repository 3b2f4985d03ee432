"""A Serve config file as YAML, before anything is asked of what stands in it."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from app.start.address import ConfigError

GRAPH = "app.graph:build"
"""The import path of an application that is one of ours."""


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML's own loader keeps the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # which YAML's own refuses
            if key.value in seen and key.value != "<<":
                raise yaml.constructor.ConstructorError(
                    problem=f"{key.value!r} stands there twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def load(path: Path) -> dict[str, Any]:
    """The document, which lists applications of whatever kind. Raises ConfigError."""
    try:
        document = yaml.load(path.read_text(), _Loader)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ConfigError(f"{path}: {line}{error.problem}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict) or not document.get("applications"):
        raise ConfigError(f"{path} lists no applications")
    return document


def is_graph(import_path: str) -> bool:
    """Whether it names one of ours, in either of the ways in which Serve takes it."""
    return import_path.replace(":", ".") == GRAPH.replace(":", ".")
