"""The shop's tables: small, made up, and the same at every run."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd

AS_OF = datetime(2024, 3, 1, 12, tzinfo=UTC)
"""Where the data end, and the instant at which the example serves."""

WEEKS, DAYS = 9, 60
CUSTOMERS = 9_000_000_000 + np.arange(120)
"""Too large for 32 bits: nothing on the way may shorten them."""
LAPSED = CUSTOMERS[-12:]
"""Customers whose last row is older than the view's time to live at ``AS_OF``."""
STORES = np.arange(1, 9)
PRODUCTS = 100 + np.arange(40)
CATEGORIES = np.array(["books", "garden", "kitchen", "toys"])

Table = pd.DataFrame


def tables() -> dict[str, Table]:
    """The source of each feature view, by its name."""
    rng = np.random.default_rng(7)
    return {
        "customer_recent": _customers(rng),
        "store_recent": _stores(rng),
        "shelf": _shelves(rng),
        "catalogue": _catalogue(rng),
    }


def orders(count: int = 1500) -> Table:
    """Orders of the last six weeks: keys, what the client sends, and ``event_timestamp``.

    Some name customers, products or shelves that no table knows.
    """
    rng = np.random.default_rng(8)
    placed = _ago(rng.uniform(0, 42 * 24, count))
    return pd.DataFrame(
        {
            "customer_id": rng.choice(np.append(CUSTOMERS, 1), count),
            "recipient_id": rng.choice(np.append(CUSTOMERS, 2), count),
            "store_id": rng.choice(STORES, count).astype(np.int32),
            "product_id": rng.choice(np.append(PRODUCTS, 999), count),
            "quantity": rng.integers(1, 9, count),
            "express": rng.random(count) < 0.3,
            "placed_at": placed,
            "event_timestamp": placed,
        }
    )


def _customers(rng: np.random.Generator) -> Table:
    keys = np.repeat(CUSTOMERS, WEEKS)
    weeks_ago = np.tile(np.arange(WEEKS), len(CUSTOMERS))
    active = ~(np.isin(keys, LAPSED) & (weeks_ago < 3))
    keys, weeks_ago = keys[active], weeks_ago[active]
    count = len(keys)
    seen = _ago(24 * 7 * weeks_ago + rng.uniform(0, 24, count))
    bought = rng.poisson(1.5, count)
    last = seen - pd.to_timedelta(rng.integers(0, 30 * 86400, count), unit="s")
    favourite = pd.Series(rng.choice(CATEGORIES, count))
    return pd.DataFrame(
        {
            "event_timestamp": seen,
            "customer_id": keys,
            "orders_30d": pd.array(bought, dtype="Int64"),
            "returned_share": np.where(bought > 0, rng.beta(1, 6, count), np.nan),
            "last_order_at": last.where(bought > 0),
            "favourite": favourite.where(bought > 0, None),
            "member": pd.array(rng.random(count) < 0.4, dtype="boolean"),
        }
    ).mask(lambda table: _blank(table, rng, ["orders_30d", "member"]))


def _stores(rng: np.random.Generator) -> Table:
    keys, days_ago = np.repeat(STORES, DAYS), np.tile(np.arange(DAYS), len(STORES))
    return pd.DataFrame(
        {
            "event_timestamp": _ago(24 * days_ago + 0.5),
            "store_id": keys.astype(np.int32),
            "orders_30d": rng.poisson(400, len(keys)),
            "late_share": np.clip(0.05 * keys + rng.normal(0, 0.02, len(keys)), 0, 1),
        }
    )


def _shelves(rng: np.random.Generator) -> Table:
    stores, products, weeks_ago = (
        part.ravel() for part in np.meshgrid(STORES, PRODUCTS, np.arange(WEEKS), indexing="ij")
    )
    return pd.DataFrame(
        {
            "event_timestamp": _ago(24 * 7 * weeks_ago + 3.0),
            "store_id": stores.astype(np.int32),
            "product_id": products,
            "stock": rng.poisson(4, len(stores)).astype(np.int32),
            "price": np.round(rng.lognormal(3, 0.6, len(stores)), 2),
        }
    )


def _catalogue(rng: np.random.Generator) -> Table:
    return pd.DataFrame(
        {
            "event_timestamp": _ago(np.full(len(PRODUCTS), 24.0 * 400)),
            "product_id": PRODUCTS,
            "category": rng.choice(CATEGORIES, len(PRODUCTS)),
            "weight_kg": rng.lognormal(0, 1, len(PRODUCTS)).astype(np.float32),
        }
    )


def _ago(hours: np.ndarray) -> pd.Series:
    """Instants before ``AS_OF``, to the second."""
    return pd.Series(pd.Timestamp(AS_OF) - pd.to_timedelta(hours, unit="h")).dt.floor("s")


def _blank(table: Table, rng: np.random.Generator, columns: list[str]) -> Table:
    """True where a value of ``columns`` goes missing: one in twenty."""
    gaps = pd.DataFrame(False, index=table.index, columns=table.columns)
    gaps[columns] = rng.random((len(table), len(columns))) < 0.05
    return gaps
