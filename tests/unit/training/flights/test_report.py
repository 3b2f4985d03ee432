from typing import Any

import pytest

from training.flights.report import as_markdown, check_teacher
from training.flights.trees import TEACHER, Recipe
from training.flights.tuning import CANDIDATES, Tuned


def test_a_teacher_that_tuning_would_not_choose_is_refused() -> None:
    nobody: Any = None
    fewer = Recipe(TEACHER.parameters, TEACHER.rounds - 1)

    check_teacher(Tuned(nobody, TEACHER, 0.8))
    with pytest.raises(SystemExit, match=r"rounds=197.*write the former there"):
        check_teacher(Tuned(nobody, fewer, 0.8))


def test_the_teacher_is_one_of_those_that_are_tried() -> None:
    assert TEACHER.parameters in CANDIDATES


def test_the_page_shows_both_models_side_by_side() -> None:
    models = {
        "network": {"test": {"rows": 55_060.0, "auc": 0.78922}},
        "trees": {"test": {"rows": 55_060.0, "auc": 0.78309}},
    }

    page = as_markdown(models, "20261129T000000-abc")

    assert "| rows | 55,060 | 55,060 |" in page
    assert "| auc | 0.78922 | 0.78309 |" in page
    assert "20261129T000000-abc" in page
