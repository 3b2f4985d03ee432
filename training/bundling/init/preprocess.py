"""The draft of ``preprocess.yaml``."""

from collections.abc import Mapping, Sequence

from deployments.model.backends.base import TensorSpec
from training.bundling.init.columns import Columns
from training.bundling.init.inputs import Document, input_document, unfit
from training.bundling.init.text import entries, flow

_HEAD = """\
# How the inputs of {program} are made: columns in the order of training, as they were
# then (`scale: none` is as it is). All steps are in docs/bring-your-own.md.
"""


def preprocess_text(
    program: str,
    inputs: Sequence[TensorSpec],
    matched: Mapping[str, Sequence[str]],
    columns: Columns,
    *,
    learns: bool,
) -> tuple[str, list[str]]:
    """The file, and what in it is still to be mended. What ``learns`` has vocabularies of a
    training set."""
    documents = {
        one.name: input_document(one, names, columns, learns=learns)
        for one in inputs
        if (names := matched[one.name])
    }
    made_beside = _beside(inputs, documents)
    short: list[str] = []
    named: list[str] = []
    problems: list[str] = []
    for one in inputs:
        if one.name in made_beside:
            continue
        if one.name not in documents:
            named.append(f"  # {one.name}:  # {_shape(one)}: no column fits it")
            problems.append(f"no column fits the input {one.name!r}, {_shape(one)}")
            continue
        document, comment = documents[one.name], _shape(one)
        if problem := unfit(one, document, columns):
            comment = f"{comment}: {problem}"
            problems.append(f"the input {one.name!r} is {comment}")
        if list(document) == [one.name]:  # the short form
            short += [f"{one.name}:  # {comment}", *entries(document[one.name])]
        else:
            named += [f"  {one.name}:  # {comment}", *_lines(document)]
    head = [] if all(line.lstrip().startswith("#") for line in named) else ["inputs:"]
    lines = [*short, *head, *named]
    return "\n".join([_HEAD.format(program=program) + "\n".join(lines), ""]), problems


def _lines(document: Document) -> list[str]:
    lines = []
    for key, value in document.items():
        if isinstance(value, list):
            lines += [f"    {key}:", *entries(value, "      ")]
        else:
            lines.append(f"    {key}: {flow(value)}")
    return lines


def _shape(one: TensorSpec) -> str:
    sizes = ["N", *("any" if size is None else str(size) for size in one.shape[1:])]
    return f"{one.dtype} [{', '.join(sizes)}]"


def _beside(inputs: Sequence[TensorSpec], documents: dict[str, Document]) -> set[str]:
    """The inputs that the only sequence makes beside itself, its mask and its lengths by their
    names, which it is told."""
    sequences = [one for one in documents.values() if "sequence" in one]
    if len(sequences) != 1:
        return set()
    found: dict[str, str] = {}
    for one in inputs:
        if one.dtype == "bool" and len(one.shape) == 2 and "mask" in one.name:
            found["mask"] = one.name
        if one.dtype.startswith("int") and len(one.shape) == 1 and "len" in one.name:
            found["lengths"] = one.name
    sequences[0].update(found)
    return set(found.values())
