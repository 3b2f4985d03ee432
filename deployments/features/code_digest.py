"""What the code of an on-demand view is known by: a hash of what it computes."""

import ast
import builtins
import dis
import hashlib
import sys
from collections.abc import Iterator
from inspect import getclosurevars
from pathlib import Path
from pkgutil import resolve_name
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
import pandas as pd

from deployments.features.code import Absent, text_of
from deployments.features.repo_modules import is_installed
from deployments.features.store.feast import OnDemandFeatureView

_PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...), range, slice)


class CodeError(Exception):
    """The code cannot run outside the module that defined it; the message names what it lacks."""


def digest(view: OnDemandFeatureView) -> str:
    """SHA-256 of what a view computes: its text, the values of all that it uses of its module,
    its mode and its sources.

    Comments and layout make no difference, nor do versions of the libraries that it uses. Raises
    CodeError where it uses what no replica has.
    """
    transformation: Any = view.feature_transformation
    function: Any = getattr(transformation, "udf", None)
    if reason := getattr(function, "reason", None):
        raise CodeError(f"cannot be read from the registry ({reason})")
    description = _Description()
    if isinstance(function, FunctionType):
        text = text_of(transformation.udf_string, function.__name__)
        code = description.function(function, text)
    else:
        code = description.value(function)
    if description.lacks:
        raise CodeError(
            f"uses {' and '.join(description.lacks)}, which the registry does not hold: define it "
            "within the function, or in a module of the repo or of an installed package"
        )
    sources = sorted(view.source_feature_view_projections)
    known = (view.mode, view.singleton, sources, code)
    return hashlib.sha256(repr(known).encode()).hexdigest()


class _Description:
    """Describes values alike in each process, and notes in ``lacks`` what is not there."""

    def __init__(self) -> None:
        self.lacks: dict[str, None] = {}
        self._within: set[int] = set()

    def function(self, function: FunctionType, text: str | None = None) -> str:
        """A function by its text, or by its bytecode where there is none, with all it uses."""
        code = function.__code__
        there = {**function.__globals__, **getclosurevars(function).nonlocals}
        used = []
        for name in sorted({*_globals(code), *code.co_freevars} - {function.__name__}):
            if name in there:
                used.append((name, self.value(there[name])))
            elif not hasattr(builtins, name):
                self.lacks[repr(name)] = None
        defaults = self.value((function.__defaults__, function.__kwdefaults__))
        return repr((text or self._bytecode(code), used, defaults))

    def _bytecode(self, code: CodeType) -> str:
        constants = [
            self._bytecode(one) if isinstance(one, CodeType) else self.value(one)
            for one in code.co_consts
        ]
        return repr((code.co_code.hex(), constants, code.co_names, code.co_varnames))

    def value(self, value: Any) -> str:
        """Any value: by the name under which it can be imported, or by what it holds."""
        if isinstance(value, Absent) or (isinstance(value, type) and issubclass(value, Absent)):
            kind = value if isinstance(value, type) else type(value)
            what = "module" if kind.__module__ == kind.__name__ else f"{kind.__name__!r} of module"
            self.lacks[f"{what} {kind.__module__!r}"] = None
            return ""
        if type(value) in _PLAIN:
            return repr(value)
        if name := _imported(value):
            return name
        if id(value) in self._within:
            return "itself"
        self._within.add(id(value))
        try:
            if isinstance(value, ModuleType):
                return self._module(value)
            return f"{type(value).__qualname__} {self._content(value)}"
        finally:
            self._within.remove(id(value))

    def _module(self, module: ModuleType) -> str:
        """A module of the feature repo: by its text, with what it imports of the repo."""
        of_values = {
            one.__name__ if isinstance(one, ModuleType) else getattr(one, "__module__", None)
            for one in list(vars(module).values())
        }
        names = sorted((sys.modules.keys() & of_values) - {"__main__"})
        used = [self.value(sys.modules[name]) for name in names if not is_installed(name)]
        return repr((module.__name__, _text_of(module), used))

    def _content(self, value: Any) -> str:
        kind = type(value)
        if isinstance(value, FunctionType):
            return self.function(value)
        if kind in (set, frozenset):
            return repr(sorted(map(self.value, value)))
        if kind is dict:
            return repr([(self.value(key), self.value(one)) for key, one in value.items()])
        if kind not in (list, tuple):
            value = _parts(value)
        return repr([self.value(one) for one in value])


def _text_of(module: ModuleType) -> str:
    if module.__file__ is None:  # a folder of modules
        return ""
    content = Path(module.__file__).read_bytes()
    return ast.unparse(ast.parse(content)) if module.__file__.endswith(".py") else content.hex()


def _parts(value: Any) -> list[Any]:
    """What an object is made of, as pickling has it: nothing of one that cannot be pickled. Of
    arrays and tables apart from how their libraries write them."""
    if isinstance(value, np.ndarray | np.generic):
        content = value.tolist() if value.dtype.hasobject else value.tobytes()
        return [value.dtype.str, value.shape, content]
    if isinstance(value, pd.Series | pd.DataFrame):
        columns = pd.DataFrame(value).items()
        content = [(name, str(column.dtype), column.tolist()) for name, column in columns]
        return [content, value.index.tolist()]
    if isinstance(value, type):
        own = {k: v for k, v in vars(value).items() if k not in ("__dict__", "__weakref__")}
        return [value.__qualname__, value.__bases__, own]
    try:
        reduced = value.__reduce_ex__(4)
    except TypeError:
        return []
    if isinstance(reduced, str):
        return [reduced]
    make, given, *rest = reduced
    state, items, pairs = (*rest, None, None, None)[:3]
    return [make, given, state, list(items or ()), list(pairs or ())]


def _imported(value: Any) -> str | None:
    """The name by which any process can import a value, if there is one."""
    if isinstance(value, ModuleType):
        return f"module {value.__name__}" if is_installed(value.__name__) else None
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or not is_installed(module):
        return None
    try:
        found = resolve_name(f"{module}:{name}")
    except (ImportError, AttributeError, ValueError):
        return None
    return f"{module}.{name}" if found is value else None


def _globals(code: CodeType) -> Iterator[str]:
    """The names that code looks up outside itself, in functions within it, too."""
    stored = set()
    loaded = []
    for one in dis.get_instructions(code):
        if one.opname in ("STORE_GLOBAL", "STORE_NAME"):
            stored.add(one.argval)
        elif one.opname in ("LOAD_GLOBAL", "LOAD_NAME") and not one.argval.startswith("__"):
            loaded.append(one.argval)
    yield from (name for name in loaded if name not in stored)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _globals(inner)
