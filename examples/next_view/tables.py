"""The shop's visits: small, made up, and the same at every run."""

import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd

AS_OF = datetime(2024, 3, 1, 12, tzinfo=UTC)
"""Where the data end, and the instant at which the example serves."""

VISITORS = np.array([f"v-{number:03}" for number in range(200)], dtype=object)
CATEGORIES = ["books", "garden", "kitchen", "toys"]
PRODUCTS = 1_000 + np.arange(40)
LONGEST = 20

Table = pd.DataFrame


def category_of(products: np.ndarray) -> np.ndarray:
    """The place of each product's category, int64."""
    return products % len(CATEGORIES)


def visits() -> Table:
    """The source of the view ``visit``: up to twenty views each, at times of one category more than
    of others; of some visitors nothing but that they came."""
    rng = np.random.default_rng(31)
    viewed = [_views(rng) for _ in VISITORS]
    return pd.DataFrame(
        {
            "visitor_id": VISITORS,
            "viewed": viewed,
            "seconds": [rng.lognormal(3, 1, len(one)).astype(np.float32) for one in viewed],
            "device": [_device(rng) for _ in VISITORS],
            "event_timestamp": pd.Timestamp(AS_OF)
            - pd.to_timedelta(rng.integers(60, 3600, len(VISITORS)), unit="s"),
        }
    )


def moments() -> Table:
    """Each visitor, and one of whom the shop knows nothing, with what lies in the cart."""
    rng = np.random.default_rng(32)
    who = np.append(VISITORS, "v-new")
    return pd.DataFrame(
        {
            "visitor_id": who,
            "cart": [rng.choice(PRODUCTS, rng.integers(0, 6)) for _ in who],
            "event_timestamp": pd.Timestamp(AS_OF),
        }
    )


def next_categories(joined: Table) -> np.ndarray:
    """What each visitor looks at next, int64 [N]: mostly what was looked at last."""
    rng = np.random.default_rng(33)
    last = [
        int(category_of(np.asarray(views))[-1]) if views is not None and len(views) else 0
        for views in joined["visit__viewed"]
    ]
    other = rng.integers(0, len(CATEGORIES), len(last))
    return np.where(rng.random(len(last)) < 0.85, last, other).astype(np.int64)


def _views(rng: np.random.Generator) -> np.ndarray:
    views = rng.choice(PRODUCTS, rng.integers(0, LONGEST + 1))
    favourite = PRODUCTS[category_of(PRODUCTS) == rng.integers(len(CATEGORIES))]
    return np.where(rng.random(len(views)) < 0.5, rng.choice(favourite, len(views)), views)


def _device(rng: np.random.Generator) -> str:
    kind = str(rng.choice(["phone", "tablet", "desktop"]))
    return json.dumps({"device": {"kind": kind}} if rng.random() < 0.9 else {})
