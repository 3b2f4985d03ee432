"""The code of on-demand views: how it comes out of the registry, and what it is known by.

Feast keeps a function twice: as source text, which it prefers, without anything that the function
uses of its module, and pickled with just that. Here the text is run among what was pickled.
"""

import ast
import io
import textwrap
from collections.abc import Callable, Iterator
from inspect import getclosurevars
from pkgutil import resolve_name
from types import FunctionType, ModuleType
from typing import Any

import dill
import numpy as np
import pandas as pd

from deployments.features.repo_modules import is_importable
from deployments.features.store.feast import udf_rehydrate
from deployments.log import get_logger

logger = get_logger(__name__)

# What Feast itself lets source text use.
_GIVEN = {"np": np, "numpy": np, "pd": pd, "pandas": pd}


class Absent:
    """Stands for what only the module that defined the code has, as it was named there."""

    def __new__(cls, *_: Any) -> "Absent":
        return object.__new__(cls)

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, _: Any) -> None:
        pass


def load(
    *,
    udf_string: str = "",
    body: bytes | None = None,
    fallback_udf: Callable[..., Any] | None = None,
    preferred_name: str | None = None,
) -> Callable[..., Any]:
    """The function that the registry holds as source text and pickled: in place of Feast's own.

    One that cannot be had at all is given as one that says why when it is called, since Feast
    loads views that nobody asked for, too.
    """
    pickled, reason = fallback_udf, "the registry holds no code"
    if pickled is None and body:
        try:
            pickled = _Unpickler(body).load()
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            logger.info("the pickled code of %s cannot be read (%s)", preferred_name, reason)
    return _run(udf_string, preferred_name, pickled) or pickled or _unreadable(reason)


udf_rehydrate.resolve_udf = load


def text_of(source: str, name: str | None) -> str | None:
    """Source text of a function without what makes no difference to what it computes: comments,
    layout, decorators, annotations, its docstring. None where it is not such a text."""
    tree = parsed(source, name)
    return ast.unparse(tree) if tree else None


class _Unpickler(dill.Unpickler):  # type: ignore[misc]
    """Finds what each process can import, of the feature repo, too."""

    def __init__(self, body: bytes) -> None:
        super().__init__(io.BytesIO(body))
        self._found: list[tuple[ModuleType, dict[str, Any]]] = []

    def load(self) -> Any:
        try:
            return super().load()
        finally:
            # Of a module outside site-packages dill keeps the content, and would put it in place.
            for module, content in self._found:
                vars(module).update(content)

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("dill._dill", "_import_module"):
            return self._module
        if is_importable(module):
            try:
                return super().find_class(module, name)
            except Exception as error:  # whatever a module of the repo does when it is imported
                logger.info("%s of module %s cannot be imported (%r)", name, module, error)
        return _absent(module, name)

    def _module(self, name: str, *_: Any) -> Any:
        if is_importable(name):
            try:
                found = resolve_name(name)
            except Exception as error:
                logger.info("module %s cannot be imported (%r)", name, error)
                return _absent(name, name)()
            if isinstance(found, ModuleType):
                self._found.append((found, dict(vars(found))))
            return found
        return _absent(name, name)()


def _absent(module: str, name: str) -> type[Absent]:
    return type(name, (Absent,), {"__module__": module})


def _unreadable(reason: str) -> Callable[..., Any]:
    def unreadable(*_: Any) -> Any:
        raise RuntimeError(reason)

    unreadable.__dict__["reason"] = reason
    return unreadable


def _run(source: str, name: str | None, pickled: Any) -> Callable[..., Any] | None:
    """The function of source text, with what the pickled one uses; None where it does not run."""
    tree = parsed(source, name, keep_docstring=True)
    if tree is None:
        return None
    names: dict[str, Any] = {"__name__": "on_demand", **_GIVEN}
    if isinstance(pickled, FunctionType):
        names |= {k: v for k, v in pickled.__globals__.items() if not k.startswith("__")}
        names |= getclosurevars(pickled).nonlocals
    try:
        exec(compile(tree, f"<on-demand view {name}>", "exec"), names)
    except Exception as error:  # as where a default is a name that was not pickled
        logger.debug("the source of %s does not run: %s", name, error)
        return None
    function = names.get(function_of(tree, name).name)
    return function if callable(function) else None


def parsed(source: str, name: str | None, keep_docstring: bool = False) -> ast.Module | None:
    """Source text with its function, without decorators and annotations; None where it has none."""
    try:
        tree = ast.parse(textwrap.dedent(source))
        function = function_of(tree, name)
    except (SyntaxError, StopIteration):
        return None
    function.decorator_list, function.returns = [], None
    for argument in _arguments(function.args):
        argument.annotation = None
    if not keep_docstring and ast.get_docstring(function) is not None:
        function.body = function.body[1:] or [ast.Pass()]
    return tree


def function_of(tree: ast.Module, name: str | None) -> ast.FunctionDef:
    """The one of this name, or else the first; as Feast takes it. Raises StopIteration."""
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return next((node for node in found if node.name == name), None) or next(iter(found))


def _arguments(given: ast.arguments) -> Iterator[ast.arg]:
    yield from (*given.posonlyargs, *given.args, *given.kwonlyargs)
    yield from (one for one in (given.vararg, given.kwarg) if one)
