"""A class of the user's as preprocessing."""

import numpy as np
import pytest

from deployments.columns import Column, Integers, column_of
from deployments.preprocess.python import PythonPreprocessor

SOURCE = """
import numpy as np

class Centred:
    inputs = ["amount", "count"]

    def fit(self, columns):
        self.mean = np.nanmean(columns["amount"])

    def transform(self, columns):
        amount = columns["amount"]
        amount -= self.mean
        return {
            "amount": np.nan_to_num(amount)[:, None],
            "count": columns["count"].values,
            "known": ~np.isnan(amount),
        }
"""


def columns(*amounts: float | None) -> dict[str, Column]:
    return {
        "amount": column_of("float64", amounts),
        "count": Integers.of([7] * len(amounts)),
        "other": column_of("string", ["x"] * len(amounts)),
    }


def fitted(source: str = SOURCE, of: str = "Centred") -> PythonPreprocessor:
    return PythonPreprocessor.fit(f"own:{of}", {"own.py": source.encode()}, columns(1, 3, None))


def test_it_makes_inputs_of_its_own_from_the_columns_that_it_names() -> None:
    preprocessor = fitted()
    given = columns(5, None)

    inputs, unseen = preprocessor.inspect(given)

    assert preprocessor.inputs == ["amount", "count"]
    assert {name: values.dtype.name for name, values in inputs.items()} == {
        "amount": "float32",
        "count": "int64",
        "known": "bool",
    }
    np.testing.assert_array_equal(inputs["amount"], [[3], [0]])
    np.testing.assert_array_equal(inputs["known"], [True, False])
    assert unseen == {}
    np.testing.assert_array_equal(given["amount"], [5, np.nan])  # what it changes is its own


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("def fit", "deff"), "cannot be made: SyntaxError: "),
        (("class Centred", "class Other"), "cannot be made: AttributeError: "),
        (("inputs =", "outputs ="), "cannot be made: AttributeError: "),
        (("np.nanmean", "np.nanmeen"), "cannot be fitted: AttributeError: "),
        (("import numpy", "import no_such_library, numpy"), "cannot be made: ModuleNotFoundErr"),
    ],
    ids=["syntax", "name", "inputs", "fit", "library"],
)
def test_a_class_that_cannot_be_fitted_is_refused(change: tuple[str, str], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        fitted(SOURCE.replace(*change))


def test_a_column_that_is_absent_is_named() -> None:
    with pytest.raises(KeyError, match="ghost"):
        fitted(SOURCE.replace('"count"]', '"ghost"]'))


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        ('{"x": [1.0]}', r"the input 'x' has the shape \[1\] for 2 rows"),
        ('{"x": 1.0}', r"the input 'x' has the shape \[\] for 2 rows"),
        ('{"x": np.array(["a", "b"])}', "the input 'x' is <U1: make it numbers or booleans"),
        ('{"x": [1j, 2j]}', "the input 'x' is complex128"),
        ("{}", "must answer a mapping of inputs"),
        ("None", "must answer a mapping of inputs"),
    ],
)
def test_what_is_no_input_is_refused(made: str, problem: str) -> None:
    body = f"  inputs = ['amount']\n  def transform(self, columns):\n    return {made}\n"
    source = f"import numpy as np\nclass Own:\n{body}"

    with pytest.raises(ValueError, match=problem):
        fitted(source, "Own").transform(columns(1, 2))


OTHERS = """
class Own:
    inputs = ["amount"]
    def transform(self, columns):
        return {"x" if len(columns["amount"]) > 1 else "y": columns["amount"]}
"""


def test_all_rows_have_the_same_inputs() -> None:
    preprocessor = fitted(OTHERS, "Own")
    preprocessor.transform(columns(1, 2))

    with pytest.raises(ValueError, match=r"makes \['y'\] of these rows, and \['x'\] of others"):
        preprocessor.transform(columns(1))


@pytest.mark.parametrize("leave", ["raise SystemExit(3)", "raise KeyboardInterrupt"])
def test_code_that_would_leave_fails_and_stays(leave: str) -> None:
    within = SOURCE.replace("        amount -=", f"        {leave}\n        amount -=")
    with pytest.raises(RuntimeError, match="it raised "):
        fitted(within).transform(columns(1))

    with pytest.raises(ValueError, match="cannot be made: RuntimeError: it raised "):
        fitted(f"{SOURCE}\n{leave}\n")
    with pytest.raises(ValueError, match="cannot be fitted: RuntimeError: it raised "):
        fitted(SOURCE.replace("        self.mean =", f"        {leave}\n        self.mean ="))


MARKED = """
class Own:
    inputs = ["profile"]
    def transform(self, columns):
        for one in columns["profile"]:
            one["seen"] = one.get("seen", 0) + 1
        return {"x": [one["seen"] for one in columns["profile"]]}
"""


def test_documents_that_it_changes_are_its_own() -> None:
    given = {"profile": column_of("map", [{"a": {"b": 1}}])}
    preprocessor = PythonPreprocessor.fit("own:Own", {"own.py": MARKED.encode()}, given)

    for _ in range(2):
        assert preprocessor.transform(given)["x"].tolist() == [1]

    assert given["profile"].tolist() == [{"a": {"b": 1}}]


def test_state_that_cannot_be_kept_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be kept once it is fitted: "):
        fitted(SOURCE.replace("self.mean =", "self.function = lambda: 0; self.mean =")).files()
