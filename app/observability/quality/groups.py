"""What the index says of groups of predictions: a version's, of a segment, of some days."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.observability.quality.database import COLUMNS
from app.observability.quality.measures import (
    UNKNOWN,
    Histogram,
    Measured,
    auc,
    average_precision,
    calibration_error,
    mean,
    share,
)

_COLUMNS = ", ".join(f"TOTAL({name})" for name in COLUMNS)


@dataclass(frozen=True, slots=True)
class Quality:
    """Of one group: predictions, the share of them whose outcome is known, and of these the
    measures by name; the sums of what outcomes brought."""

    predictions: int
    labelled: Measured
    measures: dict[str, Measured]
    sums: dict[str, float] = field(default_factory=dict)


def quality(connection: sqlite3.Connection, ids: Sequence[int], *, binary: bool) -> Quality:
    """Of the groups of these ids together, which have no prediction in common."""
    of = f"({', '.join('?' * len(ids))})"
    do = connection.execute
    row = do(f"SELECT {_COLUMNS} FROM groups WHERE id IN {of}", ids).fetchone()
    columns = dict(zip(COLUMNS, row, strict=True))
    sums = do(f"SELECT field, SUM(total) FROM sums WHERE grp IN {of} GROUP BY field", ids)
    measures = _measures(columns, binary=binary)
    if binary:
        bins = do(
            f"SELECT bin, SUM(negatives), SUM(positives) FROM bins WHERE grp IN {of} GROUP BY bin",
            ids,
        )
        scores = Histogram.of(bins)
        tenths = do(
            "SELECT tenth, SUM(rows), SUM(scores), SUM(positives) FROM tenths "
            f"WHERE grp IN {of} GROUP BY tenth",
            ids,
        )
        measures |= {
            "auc": auc(scores),
            "average_precision": average_precision(scores),
            "calibration_error": calibration_error({one: rest for one, *rest in tenths}),
        }
    labelled = share(columns["labelled"], columns["predictions"])
    return Quality(int(columns["predictions"]), labelled, measures, dict(sums))


def _measures(columns: dict[str, float], *, binary: bool) -> dict[str, Measured]:
    measured = columns["measured"]
    outcomes, right = columns["outcomes"], columns["true_positives"]
    return {
        "brier": mean(columns["errors"], columns["squares"], measured),
        "mean_score": Measured(columns["scores"] / measured) if measured else UNKNOWN,
        "positive_ratio": share(outcomes, measured)
        if binary
        else Measured(outcomes / measured)
        if measured
        else UNKNOWN,
        "precision": share(right, right + columns["false_positives"]) if binary else UNKNOWN,
        "recall": share(right, right + columns["false_negatives"]) if binary else UNKNOWN,
    }
