"""What of a preprocessing spec is learnt from a training set, and from nothing else."""

from collections.abc import Iterator, Mapping
from typing import Any

from deployments.preprocess.spec import PreprocessSpec


def learnt(spec: PreprocessSpec) -> list[str]:
    """The columns of which a scale, a vocabulary or quantiles are learnt: what a model was trained
    with cannot be found again in other rows. A fill can be any value."""
    return [step["column"] for step in steps_of(spec.model_dump()) if _learns(step)]


def _learns(step: Mapping[str, Any]) -> bool:
    vocabulary = "min_count" in step and step.get("buckets") is None
    return vocabulary or step.get("scale", "none") != "none" or step.get("quantiles") is not None


def steps_of(tree: Any) -> Iterator[Mapping[str, Any]]:
    """All that reads a column in a spec as plain data."""
    if isinstance(tree, Mapping):
        if "column" in tree:
            yield tree
        tree = list(tree.values())
    if isinstance(tree, list | tuple):
        for part in tree:
            yield from steps_of(part)
