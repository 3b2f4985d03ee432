"""What docs/preprocessing.md shows is what preprocessing takes."""

import re
from pathlib import Path

import yaml

from deployments.columns import Column, column_of
from deployments.preprocess import derived_steps, steps
from deployments.preprocess.python import PythonPreprocessor
from deployments.preprocess.spec import PreprocessSpec

PAGE = (Path(__file__).parents[2] / "docs/preprocessing.md").read_text()


def test_the_spec_on_the_page_is_one() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    spec = PreprocessSpec.model_validate(yaml.safe_load(text))

    assert {"dense", "ids", "viewed", "seconds", "board"} == spec.forms.keys()


def test_each_op_is_on_the_page() -> None:
    ops = {
        op
        for module in (derived_steps, steps)
        for model in vars(module).values()
        if "op" in getattr(model, "model_fields", {})
        for op in model.model_fields["op"].annotation.__args__
    }

    assert len(ops) > 15
    assert not [op for op in ops if f"`{op}`" not in PAGE and f"`op: {op}`" not in PAGE]


def test_the_class_on_the_page_works() -> None:
    (source,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    columns: dict[str, Column] = {
        "amount": column_of("float64", [1, 3, None]),
        "word": column_of("string", ["a", None, ""]),
    }

    fitted = PythonPreprocessor.fit("steps:Steps", {"steps.py": source.encode()}, columns)

    inputs = fitted.transform(columns)
    assert inputs["amount"].tolist() == [[-1], [1], [0]]
    assert inputs["known"].tolist() == [True, False, True]
