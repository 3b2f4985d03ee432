"""Programs that attack whoever loads them: each of these torch runs, and none of them a replica."""

import io
import json
import os
import pickle
import re
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch

from deployments.model.backends.torch_export import signature
from tests.unit.deployments.model.backends.programs import Last, Of, Sums, UpTo, exported

Content = dict[str, bytes]
_GRAPH, _WEIGHTS = "models/model.json", "data/weights/model_weights_config.json"
_CONSTANTS = "data/constants/model_constants_config.json"
_SAMPLE = "data/sample_inputs/model.pt"
_MADE = "made-by-the-attacker"


class Pickled:
    """Makes a folder in whoever unpickles it."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.mkdir, (_MADE,)


def _saved() -> bytes:
    buffer = io.BytesIO()
    torch.save((Pickled(),), buffer)
    return buffer.getvalue()


def _payload(path: str) -> dict[str, Any]:
    return {"path_name": path, "is_param": False, "use_pickle": True, "tensor_meta": None}


def _sample(content: Content) -> None:
    content[_SAMPLE] = _saved()


def _weight(content: Content) -> None:
    content[_WEIGHTS] = json.dumps({"config": {"places": _payload("weight_0")}}).encode()
    content["data/weights/weight_0"] = _saved()


def _constant(content: Content) -> None:
    content[_CONSTANTS] = json.dumps({"config": {"x": _payload("tensor_0")}}).encode()
    content["data/constants/tensor_0"] = _saved()


def _opaque(content: Content) -> None:
    content[_CONSTANTS] = json.dumps({"config": {"x": _payload("opaque_obj_0")}}).encode()
    content["data/constants/opaque_obj_0"] = pickle.dumps(Pickled())


def _older_weights(content: Content) -> None:
    content["data/weights/model.pt"] = _saved()


def _replaced(pattern: str, text: str) -> Callable[[Content], None]:
    def change(content: Content) -> None:
        graph = content[_GRAPH].decode()
        changed = re.sub(pattern, lambda _: text, graph, count=1)
        assert changed != graph
        content[_GRAPH] = changed.encode()

    return change


def _expression(text: str) -> Callable[[Content], None]:
    return _replaced(r'"expr_str": "[^"]*"', f'"expr_str": {json.dumps(text)}')


def _renamed(content: Content) -> None:
    """An input whose name goes on as Python where torch writes a function's head."""
    name = f"categorical=__import__('os').mkdir('{_MADE}')"
    content[_GRAPH] = content[_GRAPH].replace(b'"categorical"', json.dumps(name).encode())


def _imported(content: Content) -> None:
    """Containers of arguments that name a module, which torch imports."""
    graph = json.loads(content[_GRAPH])
    enum = json.dumps({"__enum__": True, "fqn": "antigravity:x", "name": "x"})
    spec = [1, {"type": "builtins.list", "context": enum, "children_spec": []}]
    graph["graph_module"]["module_call_graph"][0]["signature"]["in_spec"] = json.dumps(spec)
    content[_GRAPH] = json.dumps(graph).encode()


ATTACKS = {
    "a sample input": _sample,
    "a weight": _weight,
    "a constant": _constant,
    "an opaque constant": _opaque,
    "weights of an older form": _older_weights,
    "an expression": _expression(f"__import__('os').mkdir('{_MADE}')"),
    "one that is text for another": _expression(f'Max(\'__import__("os").mkdir("{_MADE}")\', 1)'),
    "a name": _renamed,
}


def _attacked(folder: Path, change: Callable[[Content], None]) -> Path:
    path = folder / "model.pt2"
    torch.export.save(exported(UpTo(64), torch.export.Dim("rows", min=1, max=64)), path)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        root = names[0].partition("/")[0]
        content = {name.removeprefix(f"{root}/"): archive.read(name) for name in names}
    change(content)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(f"{root}/{name}", data)
    return path


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_real_and_refused_before_anything_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attack: Callable[[Content], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    program = _attacked(tmp_path, attack)

    with pytest.raises(ValueError, match="would have torch run what it holds"):
        signature(program)

    made = tmp_path / _MADE
    assert not made.exists()
    with suppress(Exception):
        torch.export.load(program)
    assert made.exists(), "torch itself does not run it: then it is no test"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda content: content.update({"data/aotinductor/model/a.so": b""}), "aotinductor"),
        (lambda content: content.update({"data/constants/custom_obj_0": b""}), "custom_obj_0"),
        (_replaced(r'"target": "[^"]*"', '"target": "torch.os.system"'), "torch.os.system"),
        (_replaced(r'"target": "[^"]*"', '"target": "torch.ops.aten.from_file"'), "from_file"),
        (_replaced(r'"guards_code": \[', '"guards_code": ["print(1)", '), "print"),
        (_replaced(r'"guards_code": \[', '"guards_code": ["L.__class__", '), "__class__"),
        (_replaced(r'"guards_code": \[', '"guards_code": ["[x for x in L]", '), "for x in"),
        (_expression("Max(s0, '1')"), "Max"),
        (_expression("lambda: 1"), "lambda"),
        (_expression("s0 +"), "s0"),
        (_imported, "in_spec"),
        # A name that is chosen to be taken for one of text.
        (
            _replaced(
                r'"tensor_values": \{',
                '"tensor_values": {"metadata": {"sizes": [{"as_expr": {"expr_str": "f()"}}]}, ',
            ),
            "expr_str",
        ),
    ],
)
def test_what_else_could_become_code_is_named(
    tmp_path: Path, change: Callable[[Content], None], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        signature(_attacked(tmp_path, change))


def test_a_file_of_an_older_form_is_refused_whatever_else_it_is(tmp_path: Path) -> None:
    program = _attacked(tmp_path, lambda content: None)
    with zipfile.ZipFile(program, "a") as archive:
        archive.writestr("version", "8.1")

    with pytest.raises(ValueError, match=r"older than torch 2\.8's, in which tensors are pickled"):
        signature(program)


@pytest.mark.parametrize(
    "module",
    [
        Last(),
        Sums(),
        Of(lambda a, b: {"x": a.sum(1) + b.sum(1), "y": a.reshape(a.shape[0] * 3)[::3]}),
        Of(lambda a, b: torch.cond(a.sum() > 0, lambda x: x + 1, lambda x: x - 1, (a,))),
        Of(lambda a, b: a.repeat_interleave(2, 0).reshape(-1, 6) * (a.shape[0] // 2 + 1)),
    ],
)
def test_programs_of_tensors_pass(tmp_path: Path, module: torch.nn.Module) -> None:
    torch.export.save(exported(module), tmp_path / "model.pt2")

    assert signature(tmp_path / "model.pt2").inputs
