"""Finds a program that was exported while its module was still in training mode."""

import torch

_CHANCES = ("p", "dropout", "dropout_p")


def refuse_training_mode(program: torch.export.ExportedProgram) -> None:
    """Raises ValueError for layers that drop values, or that normalise by the rows of a batch."""
    for module in program.graph_module.modules():
        if isinstance(module, torch.fx.GraphModule):
            for node in module.graph.nodes:
                if node.op == "call_function":
                    _check(node, module)


def _check(node: torch.fx.Node, graph: torch.fx.GraphModule) -> None:
    given = node.normalized_arguments(graph, normalize_to_only_use_kwargs=True)
    if given is None:
        return
    options = given.kwargs
    training = options.get("train", options.get("training", "dropout_p" in options))
    drops = any(options.get(name) for name in _CHANCES)
    normalises = options.get("running_mean") is not None
    if training is True and (drops or normalises):
        raise ValueError(
            f"the program was exported in training mode ({_layer(node)}): call module.eval() "
            "before torch.export.export"
        )


def _layer(node: torch.fx.Node) -> str:
    """What a node computes, and the path of the module that it comes from."""
    stack = list(node.meta.get("nn_module_stack", {}).values())
    if not stack or not stack[-1][0]:
        return str(node.target)
    path, kind = stack[-1]
    return f"{str(kind).rsplit('.', 1)[-1]} {path!r}"
