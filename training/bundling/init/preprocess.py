"""The draft of ``preprocess.yaml``."""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from deployments.model.backends.base import TensorSpec
from deployments.preprocess.spec import PreprocessSpec
from training.bundling.init.columns import Columns
from training.bundling.init.inputs import Document, input_document, unfit
from training.bundling.init.text import entries, flow
from training.bundling.learnt import learnt, steps_of

_HEAD = """\
# How the inputs of {program} are made: columns in the order of training, as they were
# then (`scale: none` is as it is). All steps are in docs/preprocessing.md.
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
    guessed = [] if learns else _guessed(documents)
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
    text = "\n".join([_HEAD.format(program=program) + "\n".join(lines), ""])
    return text, problems + guessed


def _guessed(documents: Mapping[str, Document]) -> list[str]:
    """What only training knows of these inputs."""
    try:
        spec = PreprocessSpec.model_validate({"inputs": documents})
    except ValidationError:
        return []  # of one that is to be mended for another reason
    sizes = [step["column"] for step in steps_of(documents) if "size" in step]
    return [
        f"{name!r} becomes what is learnt from a training set: give `data` in bundle.yaml, or a "
        "step that learns nothing (`op: hash`)"
        for name in learnt(spec)
    ] + [
        f"the size of {name!r} is one more than the largest number in the store: make it that of "
        "the training, or what is beyond it becomes 0"
        for name in sizes
    ]


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


def _beside(inputs: Sequence[TensorSpec], documents: Mapping[str, Document]) -> set[str]:
    """The inputs that sequences make beside themselves, their masks and lengths by their names,
    which they are told. Those of any length are as long as each other, which a program may want
    and none minds."""
    sequences = {name: one for name, one in documents.items() if "sequence" in one}
    ragged = [one for one in sequences.values() if "length" not in one]
    for document in ragged if len(ragged) > 1 else ():
        document["axis"] = "length"
    found = set()
    for one in inputs:
        owners = [document for name, document in sequences.items() if name in one.name]
        owners = owners or list(sequences.values())
        if (key := _told_of(one)) and one.name not in sequences and len(owners) == 1:
            owners[0][key] = one.name
            found.add(one.name)
    return found


def _told_of(one: TensorSpec) -> str | None:
    """What an input may be to a sequence."""
    if one.dtype == "bool" and len(one.shape) == 2 and "mask" in one.name:
        return "mask"
    return (
        "lengths"
        if one.dtype.startswith("int") and len(one.shape) == 1 and "len" in one.name
        else None
    )
