"""Records that cannot be read, among others: readers that a test breaks at will."""

import math
import time
from typing import Any

import numpy as np
import pytest

from deployments.features.freshness import UNUSABLE
from deployments.features.store.records import Faults, read_around
from tests.unit.deployments.features.store.breakable import SHELF, Reader, Store

KEYS = [(number,) for number in range(100)]


def read(
    store: Store, *bad: int, reader: Reader | None = None, seek_s: float = 60.0
) -> tuple[set[int], Faults]:
    """Which rows are UNUSABLE, after a look at the others."""
    store.bad = {(number,) for number in bad}
    faults: Faults = {}
    until = time.monotonic() + seek_s
    rows = read_around(reader or store.open(), SHELF, KEYS, faults, until)
    unusable = rows.event_at == UNUSABLE
    assert (rows.event_at[~unusable] == 1.0).all()
    assert not np.isnan(rows.numbers[~unusable]).any()
    assert np.isnan(rows.numbers[unusable]).all()
    return set(np.flatnonzero(unusable).tolist()), faults


@pytest.mark.parametrize("bad", [(), (0,), (99,), (17, 18, 63), tuple(range(0, 100, 2))])
def test_bad_records_are_found_among_the_others(bad: tuple[int, ...]) -> None:
    unusable, faults = read(Store(), *bad)

    assert unusable == set(bad)
    assert faults == {(number,): f"ValueError: garbage under ({number},)" for number in bad}


def test_one_is_found_in_a_few_reads() -> None:
    store = Store()
    read(store, 42)
    assert store.calls <= 2 * math.ceil(math.log2(len(KEYS))) + 4


def test_where_all_are_bad_all_are_told() -> None:
    assert read(Store(), *range(100))[0] == set(range(100))


def test_the_search_ends_in_time_and_what_is_not_cleared_counts_as_bad() -> None:
    store = Store()

    unusable, faults = read(store, *range(100), seek_s=-1)

    assert unusable == set(range(100))
    assert set(faults) == set(KEYS)
    assert store.calls == 4  # both whole reads, and the question of a key that nobody has


def test_a_read_that_only_stumbled_blames_nobody() -> None:
    class Stumbles(Reader):
        def read(self, view: Any, keys: Any, faults: Faults) -> Any:
            store.broken = set() if store.reads else {"shelf"}
            return super().read(view, keys, faults)

        def probe(self, view: Any) -> None:
            store.broken = set()
            super().probe(view)

    store = Store()
    assert read(store, reader=Stumbles(store)) == (set(), {})


def test_a_view_that_cannot_be_read_raises_what_its_read_did() -> None:
    store = Store()
    store.broken = {"shelf"}
    with pytest.raises(ConnectionError, match="refused"):
        read(store, 42)


def test_a_store_that_goes_away_meanwhile_is_no_fault_of_records() -> None:
    class Leaves(Reader):
        def probe(self, view: Any) -> None:
            super().probe(view)
            store.broken = {"shelf"}

    store = Store()
    with pytest.raises(ConnectionError, match="refused"):
        read(store, 42, reader=Leaves(store))
