"""Outputs of any dtype and shape, as answers have them, with labels and without."""

import json
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from app.serving.answers import AnsweredBatch, Answers
from app.serving.chain import BatchResult, StageTimes
from app.serving.errors import RowFailed
from deployments.frames import Frame
from tests.support.manifests import PARCELS

KINDS = ["small", "large", "odd"]


def batch(values: npt.NDArray[Any], labels: list[str] | None = None) -> AnsweredBatch:
    ran = BatchResult(
        {"kind": values}, Frame(PARCELS, len(values), {}), {}, {}, StageTimes(0, 0, 0, 0)
    )
    return AnsweredBatch(ran, labels={"kind": labels} if labels else {})


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (np.array([2**63 - 1]), "9223372036854775807"),
        (np.array([255], np.uint8), "255"),
        (np.array([True]), "true"),
        (np.array([0.5], np.float16), "0.5"),
        (np.array([np.nan], np.float32), "null"),
        (np.array([[1, 2]], np.int32), "[1,2]"),
        (np.array([[[1.0, np.inf]]]), "[[1.0,null]]"),
    ],
)
def test_what_a_program_answers_is_told_as_it_is(values: npt.NDArray[Any], text: str) -> None:
    outputs = batch(values).row(0).outputs

    assert msgspec.json.encode(outputs) == b'{"kind":%b}' % text.encode()


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
def test_a_whole_number_is_told_by_its_label(dtype: npt.DTypeLike) -> None:
    answers = batch(np.array([2, 0], dtype), KINDS)

    assert [answers.row(place).outputs for place in (0, 1)] == [{"kind": "odd"}, {"kind": "small"}]


def test_true_and_false_have_labels() -> None:
    assert batch(np.array([True]), ["no", "yes"]).row(0).outputs == {"kind": "yes"}


def test_the_best_few_have_labels() -> None:
    assert batch(np.array([[2, 1]]), KINDS).row(0).outputs == {"kind": ["odd", "large"]}


def test_scores_are_told_by_label() -> None:
    answers = batch(np.array([[0.5, 0.25, np.nan]]), KINDS)

    told = json.loads(msgspec.json.encode(answers.row(0).outputs))

    assert told == {"kind": {"small": 0.5, "large": 0.25, "odd": None}}


def test_scores_of_several_steps_are_told_by_label() -> None:
    answers = batch(np.array([[[0.5, 0.25], [1.0, 0.0]]]), ["no", "yes"])

    assert answers.row(0).outputs == {
        "kind": [{"no": 0.5, "yes": 0.25}, {"no": 1.0, "yes": 0.0}],
    }


@pytest.mark.parametrize("beyond", [3, -1])
def test_a_number_beyond_the_labels_spoils_its_row_alone(beyond: int) -> None:
    answers = batch(np.array([1, beyond]), KINDS)

    assert answers.row(0).outputs == {"kind": "large"}
    failed = answers.answer(1)
    assert isinstance(failed, RowFailed)
    assert "the output 'kind' counts 3 labels" in str(failed)
    assert answers.first_without_answer(slice(0, 2)) == 1


def test_columns_have_names_and_scores() -> None:
    """As a protocol that carries columns wants them: its scores stay numbers."""
    names, scores = Answers(), Answers()
    names.add(batch(np.array([2, 0]), KINDS), 0, 2)
    scores.add(batch(np.array([[0.5, 0.25, 0.25]]), KINDS), 0, 1)

    assert names.output("kind").tolist() == ["odd", "small"]
    assert scores.output("kind").tolist() == [[0.5, 0.25, 0.25]]
