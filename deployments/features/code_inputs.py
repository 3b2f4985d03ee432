"""Which of its inputs the code of an on-demand view looks at."""

import ast
from typing import Any

from deployments.features.code import function_of, parsed
from deployments.features.store.feast import OnDemandFeatureView


def inputs_named(view: OnDemandFeatureView) -> frozenset[str] | None:
    """The inputs that the code takes, if it takes each by its name; None where it may take others,
    as code does that goes over all of them."""
    transformation: Any = view.feature_transformation
    name = getattr(getattr(transformation, "udf", None), "__name__", None)
    tree = parsed(getattr(transformation, "udf_string", "") or "", name)
    if tree is None:
        return None
    function = function_of(tree, name)
    arguments = [*function.args.posonlyargs, *function.args.args]
    if not arguments:
        return None
    given = arguments[0].arg
    taken: list[frozenset[str]] = []
    mentioned = 0
    for node in ast.walk(function):
        match node:
            case ast.Name(id=name) if name == given:
                mentioned += 1
            case ast.Subscript(value=ast.Name(id=name), slice=which) if name == given:
                taken += _names(which)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get")) if name == given:
                taken += _names(node.args[0]) if node.args else []
    return frozenset().union(*taken) if len(taken) == mentioned else None


def _names(which: ast.expr) -> list[frozenset[str]]:
    """The names in ``["a"]`` and in ``[["a", "b"]]``, as one; none where they are not literal."""
    parts = which.elts if isinstance(which, ast.List) else [which]
    names = [str(one.value) for one in parts if isinstance(one, ast.Constant)]
    return [frozenset(names)] if len(names) == len(parts) else []
