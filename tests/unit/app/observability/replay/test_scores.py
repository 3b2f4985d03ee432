import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from app.observability.replay.scores import Scores


@pytest.mark.parametrize("digits", [1, 2, 9], ids=["many-ties", "ties", "none"])
def test_they_are_those_of_scikit_learn(digits: int) -> None:
    random = np.random.default_rng(digits)
    predicted = random.random(500).round(digits)
    outcome = random.random(500) < predicted
    scores = Scores()
    for one, other in zip(predicted.tolist(), outcome.tolist(), strict=True):
        scores.add(one, other)

    assert scores.count == 500
    assert scores.summary() == {
        "auc": pytest.approx(roc_auc_score(outcome, predicted), abs=1e-4),
        "brier": pytest.approx(brier_score_loss(outcome, predicted)),
        "base_rate": pytest.approx(outcome.mean()),
    }


@pytest.mark.parametrize("outcome", [True, False])
def test_what_cannot_be_told_yet_is_left_out(outcome: bool) -> None:
    scores = Scores()
    assert scores.summary() == {}
    scores.add(0.25, outcome)
    assert set(scores.summary()) == {"brier", "base_rate"}


def test_numbers_and_labels_have_scores_of_their_own() -> None:
    scores = Scores()
    scores.add(3.0, 5.0)
    scores.add(2, 1)
    scores.add("spam", "ham")
    scores.add("ham", "ham")
    scores.add(0.5, "late")
    scores.add(None, True)

    assert scores.summary() == {"mean_absolute_error": 1.5, "accuracy": 0.5}
    assert scores.count == 4
