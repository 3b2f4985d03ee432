"""Refuses what torch would run of a program's file when it loads it.

``torch.export.load`` is for files that are trusted, as its documentation says: it unpickles what a
file asks it to, evaluates expressions as Python, compiles names into the source of functions and
loads native code. A program that ``torch.export`` made of tensors needs none of that.
"""

import ast
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch.export.pt2_archive import PT2ArchiveReader

from deployments.model.backends.pt2_archive import file_of

_RECORD = re.compile(
    r"archive_(format|version)|byteorder|\.data/(version|serialization_id)|extra/[\w./-]+"
    r"|data/weights/(weight_\d+|model_weights_config\.json)"
    r"|data/constants/(tensor_\d+|model_constants_config\.json)"
    r"|data/sample_inputs/model\.pt|models/model\.json"
)
"""What an archive consists of where all its tensors lie as they are."""
_PROGRAM, _SAMPLE = "models/model.json", "data/sample_inputs/model.pt"
_TENSORS = ("data/weights/model_weights_config.json", "data/constants/model_constants_config.json")

_PLAIN = re.compile(r"[\w .:+/<>-]*")
_NAME = re.compile(r"[\w.]*")
_OPERATOR = re.compile(
    r"torch\.ops\.(?!aten\.from_file)\w+\.\w+(\.\w+)?|_operator\.\w+|math\.\w+|torch\._?sym_\w+"
)
_EXPRESSION = re.compile(r"[A-Za-z0-9_ '\[\](),.+\-*/%<>=!&|~]*")
_BY_KEY = {"name": _NAME, "as_name": _NAME, "target": _OPERATOR, "as_operator": _OPERATOR}
_FREE = ("as_string", "as_strings", "metadata")
"""Of text that stays text, alone or listed."""

_NODES = (
    *(ast.Expression, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Tuple, ast.Call),
    *(ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.keyword, ast.expr_context),
    *(ast.operator, ast.unaryop, ast.boolop, ast.cmpop),
)
_METHODS = {"size", "stride", "storage_offset"}
_FUNCTIONS = {
    *("Symbol", "Integer", "Float", "Rational", "Add", "Mul", "Pow", "Max", "Min", "Abs", "Mod"),
    *("Eq", "Ne", "Lt", "Le", "Gt", "Ge", "And", "Or", "Not", "Piecewise", "floor", "ceiling"),
    *("sqrt", "log", "exp", "FloorDiv", "ModularIndexing", "Where", "PythonMod", "CleanDiv"),
    *("CeilToInt", "FloorToInt", "CeilDiv", "LShift", "RShift", "PowByNatural", "FloatPow"),
    *("FloatTrueDiv", "IntTrueDiv", "IsNonOverlappingAndDenseIndicator", "TruncToFloat"),
    *("TruncToInt", "RoundToInt", "RoundDecimal", "ToFloat", "Identity"),
}
"""Those of SymPy's and torch's that compute with sizes."""
_CONTAINERS = {None, "builtins.list", "builtins.tuple", "builtins.dict", "collections.OrderedDict"}


class Harmful(ValueError):
    """A file that would have torch run what it holds; the message says which part."""


def refuse_code(program: Path | bytes) -> None:
    """Look through a file, or its content. Raises Harmful, and whatever a damaged one causes."""
    with zipfile.ZipFile(file_of(program)) as older:
        if "version" in older.namelist():
            raise Harmful("it is of a form older than torch 2.8's, in which tensors are pickled")
    archive = PT2ArchiveReader(file_of(program))
    records = archive.get_file_names()
    for record in records:
        if not _RECORD.fullmatch(record):
            raise Harmful(f"it holds {record!r}, which is more than tensors and their graph")
    for record in _TENSORS:
        if record in records:
            _check_tensors(json.loads(archive.read_bytes(record)))
    try:
        torch.load(io.BytesIO(archive.read_bytes(_SAMPLE)), weights_only=True)
    except Exception as error:
        raise Harmful("its sample inputs are more than tensors") from error
    for problem in _problems(json.loads(archive.read_bytes(_PROGRAM)), ""):
        raise Harmful(f"its graph has {problem}")


def _check_tensors(document: dict[str, Any]) -> None:
    for name, tensor in document["config"].items():
        if tensor["use_pickle"] or not re.fullmatch(r"(weight|tensor)_\d+", tensor["path_name"]):
            raise Harmful(f"{name!r} is pickled")
    for problem in _problems(document, ""):
        raise Harmful(f"its tensors have {problem}")


def _problems(value: Any, key: str) -> Iterator[str]:
    """Whatever in a document of the program could become code: closed, so that text of a place
    that is not known here is taken for a name."""
    if key in _FREE and _is_text(value):
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            # Of a range it is that of a size, which may be computed of others.
            if not (_PLAIN.fullmatch(name) or (key == "range_constraints" and _computes(name))):
                yield f"the name {name!r}"
            yield from _problems(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _problems(inner, key)
    elif isinstance(value, str):
        if key in ("expr_str", "guards_code"):
            harmless = _computes(value)
        elif key in ("in_spec", "out_spec"):
            harmless = not value or _holds(json.loads(value)[1])
        else:
            harmless = _BY_KEY.get(key, _PLAIN).fullmatch(value) is not None
        if not harmless:
            yield f"the {key} {value!r}"


def _is_text(value: Any) -> bool:
    parts = value.values() if isinstance(value, dict) else value
    return isinstance(value, str) or all(isinstance(part, str) for part in parts)


def _computes(expression: str) -> bool:
    """Whether an expression does no more than to compute with sizes."""
    if not _EXPRESSION.fullmatch(expression):
        return False
    try:
        tree = ast.parse(expression, mode="eval")
    except SyntaxError:
        return False
    # SymPy takes text for an expression in turn, but for the name of a symbol.
    names = {id(node.slice) for node in ast.walk(tree) if isinstance(node, ast.Subscript)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "Symbol":
                names.update(map(id, node.args))
            elif node.func.id not in _FUNCTIONS:
                return False
        elif isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute):
            return False
    return all(
        isinstance(node, _NODES)
        and not (isinstance(node, ast.Attribute) and node.attr not in _METHODS)
        and not (isinstance(node, ast.Name) and node.id.startswith("_"))
        and not (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and not (id(node) in names and _NAME.fullmatch(node.value))
        )
        for node in ast.walk(tree)
    )


def _holds(spec: dict[str, Any]) -> bool:
    """Whether the containers of arguments or answers are plain: others name what is imported."""
    context = json.loads(spec["context"]) if spec["context"] else None
    plain = spec["type"] in _CONTAINERS and "__enum__" not in json.dumps(context)
    return plain and all(map(_holds, spec["children_spec"]))
