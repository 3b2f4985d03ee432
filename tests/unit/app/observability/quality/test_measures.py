"""Measures against scikit-learn's, over scores of all kinds, with ties; their intervals by how
often they hold the truth."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from app.observability.quality.bins import bin_of
from app.observability.quality.database import opened
from app.observability.quality.groups import Quality, quality
from app.observability.quality.measures import Histogram, Measured, auc, average_precision, share
from app.observability.quality.sums import Cell, Sums, tenth_of

Floats = NDArray[np.float64]

SCORES: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "spread": lambda random, n: random.random(n),
    "rare": lambda random, n: random.beta(0.3, 60, n),
    "certain": lambda random, n: 1 - random.beta(0.3, 60, n),
    "tied": lambda random, n: random.integers(0, 8, n) / 8,
    "float32": lambda random, n: random.random(n).astype(np.float32).astype(float),
    "any number": lambda random, n: random.normal(0, 50, n),
    "all the same": lambda random, n: np.full(n, 0.37),
}


def histogram(scores: Floats, outcomes: Floats) -> Histogram:
    counts: Counter[tuple[int, bool]] = Counter(
        (bin_of(score), bool(outcome))
        for score, outcome in zip(scores.tolist(), outcomes.tolist(), strict=True)
    )
    bins = {bin for bin, _ in counts}
    return Histogram.of((bin, counts[bin, False], counts[bin, True]) for bin in bins)


def drawn(kind: str, rows: int, seed: int = 0) -> tuple[Floats, Floats]:
    random = np.random.default_rng(seed)
    scores = SCORES[kind](random, rows)
    scale = scores.std() or 1.0
    likely = 1 / (1 + np.exp(-(scores - scores.mean()) / scale - 0.3))
    return scores, (random.random(rows) < likely).astype(float)


@pytest.mark.parametrize("kind", SCORES)
@pytest.mark.parametrize("rows", [40, 20_000])
def test_ranks_are_scikit_learns_to_the_third_digit(kind: str, rows: int) -> None:
    scores, outcomes = drawn(kind, rows)
    binned = histogram(scores, outcomes)

    assert auc(binned).value == pytest.approx(roc_auc_score(outcomes, scores), abs=2e-4)
    expected = average_precision_score(outcomes, scores)
    assert average_precision(binned).value == pytest.approx(expected, abs=5e-4)


def test_a_positive_below_very_many_negatives_has_a_precision() -> None:
    for negatives in (1_000, 200_000, 10**9):
        found = average_precision(Histogram.of([(0, 0, 1), (1, negatives, 0)]))
        assert found.value == pytest.approx(1 / (negatives + 1))
        assert 0 <= found.lower <= found.value <= found.upper <= 1


def test_of_a_single_positive_nobody_knows_how_far_its_rank_goes() -> None:
    among = Histogram.of([(0, 500, 0), (1, 0, 1), (2, 500, 0)])
    for scores in (among, Histogram(among.positives, among.negatives)):
        found = auc(scores)
        assert found.value == 0.5
        assert np.isnan(found.lower)
        assert np.isnan(found.upper)
    above_all = auc(Histogram.of([(0, 500, 0), (1, 0, 1)]))
    assert above_all == Measured(1.0, 0.025, 1.0)


def test_bins_are_in_the_order_of_scores() -> None:
    random = np.random.default_rng(1)
    some = np.concatenate(
        [random.random(5000), random.normal(0, 1e6, 5000), 10.0 ** random.uniform(-30, 30, 500)]
    )
    edges = [-np.inf, -1e39, -1.0, -0.0, 0.0, 1e-45, 0.4999, 0.5, 0.5001, 1 - 1e-9, 1.0, 1.1, 1e39]
    ordered = np.sort(np.concatenate([some, -some, edges])).tolist()

    bins = [bin_of(score) for score in ordered]

    assert bins == sorted(bins)
    assert bin_of(0.4999) < bin_of(0.5)


def summed(scores: Floats, outcomes: Floats, tmp_path: Path) -> Quality:
    connection = opened(tmp_path / "quality.db", "binary")
    sums, cell = Sums(), Cell("parcels", "1", 20_000, 0.5)
    for score, outcome in zip(scores.tolist(), outcomes.tolist(), strict=True):
        sums.predicted(cell, 1, 1)
        sums.joined(cell, score, outcome, {})
    sums.write(connection)
    found = quality(connection, [1], binary=True)
    connection.close()
    return found


def test_of_a_group_all_is_as_it_is_offline(tmp_path: Path) -> None:
    scores, outcomes = drawn("spread", 5000)

    found = summed(scores, outcomes, tmp_path)

    values = {name: one.value for name, one in found.measures.items()}
    named = scores >= 0.5
    edges = np.clip((scores * 10).astype(int), 0, 9)
    ece = sum(
        abs(scores[edges == one].sum() - outcomes[edges == one].sum()) for one in range(10)
    ) / len(scores)
    assert values == pytest.approx(
        {
            "auc": roc_auc_score(outcomes, scores),
            "average_precision": average_precision_score(outcomes, scores),
            "brier": brier_score_loss(outcomes, scores),
            "calibration_error": ece,
            "precision": outcomes[named].mean(),
            "recall": named[outcomes == 1].mean(),
            "mean_score": scores.mean(),
            "positive_ratio": outcomes.mean(),
        },
        abs=3e-4,
    )
    for name, one in found.measures.items():
        assert name == "mean_score" or one.lower <= one.value <= one.upper


@pytest.mark.parametrize(
    ("scores", "outcomes", "expected"),
    [
        ([], [], Measured(np.nan)),
        ([0.1, 0.9], [1, 1], Measured(np.nan)),
        ([0.1, 0.9], [0, 1], Measured(1.0, 0.025, 1.0)),
        ([0.9, 0.1], [0, 1], Measured(0.0, 0.0, 0.975)),
    ],
)
def test_of_few_outcomes_little_is_said(
    scores: list[float], outcomes: list[int], expected: Measured
) -> None:
    told = auc(histogram(np.array(scores), np.array(outcomes, float)))

    assert told == pytest.approx(expected, nan_ok=True)


def test_the_interval_of_auc_holds_the_truth_as_often_as_it_says() -> None:
    """Scores that are normal, with a distance of 1 between outcomes: the area is Φ(1/√2)."""
    random = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        outcomes = (random.random(200) < 0.3).astype(float)
        told = auc(histogram(random.normal(outcomes, 1.0), outcomes))
        held += told.lower <= 0.7602 <= told.upper
    assert 0.92 < held / 400 < 0.98


def test_shares_have_wilsons_interval() -> None:
    """As in the worked example of Newcombe (Statistics in Medicine 17, 1998): 81 of 263."""
    assert share(81, 263) == pytest.approx((0.3080, 0.2553, 0.3662), abs=1e-4)
    assert share(0, 20)[1:] == pytest.approx((0.0, 0.1611), abs=1e-4)


def test_whole_tenths_begin_a_bin() -> None:
    assert [tenth_of(one / 10) for one in range(11)] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9]
    assert [tenth_of(0.1 + 0.2), tenth_of(-1), tenth_of(7)] == [3, 0, 9]
