"""The bank's tables: small, made up, and the same at every run."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd

AS_OF = datetime(2024, 3, 1, 12, tzinfo=UTC)
"""Where the data end, and the instant at which the example serves."""

MONTHS = 6
APPLICANTS = np.array([f"A{number:04}" for number in range(150)], dtype=object)
EMPLOYMENT = ["clerk", "farmer", "nurse", "self-employed"]
PURPOSES = ["car", "house", "studies"]

Table = pd.DataFrame


def accounts() -> Table:
    """The source of the view ``account``; a tenth of what it says is missing."""
    rng = np.random.default_rng(21)
    months_ago = np.tile(np.arange(MONTHS), len(APPLICANTS))
    count = len(months_ago)
    table = pd.DataFrame(
        {
            "income": np.round(rng.lognormal(7.8, 0.5, count), 2),
            "open_loans": pd.array(rng.poisson(1.2, count), dtype="Int64"),
            "late_payments": pd.array(rng.poisson(0.6, count), dtype="Int64"),
            "employment": rng.choice(EMPLOYMENT, count),
        }
    ).mask(rng.random((count, 4)) < 0.1)
    return table.assign(
        applicant_id=np.repeat(APPLICANTS, MONTHS), event_timestamp=_ago(30.0 * months_ago + 0.5)
    )


def loans(count: int = 1200) -> Table:
    """Loans of the last five months: key, what the client sends, and ``event_timestamp``; some are
    of applicants that the bank does not know, some do not say what they are for."""
    rng = np.random.default_rng(22)
    purposes = np.array([*PURPOSES, None], dtype=object)
    return pd.DataFrame(
        {
            "applicant_id": rng.choice(np.append(APPLICANTS, "A9999"), count),
            "amount": np.round(rng.lognormal(9, 0.7, count)),
            "months": rng.choice([12, 24, 36, 60], count),
            "purpose": rng.choice(purposes, count, p=[0.4, 0.3, 0.2, 0.1]),
            "event_timestamp": _ago(rng.uniform(0, 150, count)),
        }
    )


def risks(joined: Table) -> np.ndarray:
    """What became of each loan, int64 [N]: 0 repaid, 1 late, 2 lost. Made up of its features."""
    rng = np.random.default_rng(23)
    burden = joined["amount"] / joined["months"] / joined["account__income"].fillna(2000)
    trouble = joined["account__late_payments"].astype("float64").fillna(1)
    farmers = joined["account__employment"].eq("farmer")
    score = burden + 0.3 * trouble - 0.2 * farmers + rng.normal(0, 0.1, len(joined))
    return np.digitize(score, [0.45, 0.9]).astype(np.int64)


def _ago(days: np.ndarray) -> "pd.Series[pd.Timestamp]":
    offsets = pd.to_timedelta(np.round(days * 86400), unit="s")
    return pd.Series(pd.Timestamp(AS_OF) - offsets)
