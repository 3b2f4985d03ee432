from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.dtypes import DType
from deployments.features.cache import RowCache
from deployments.features.view_rows import ViewColumns, ViewRows, one_row

FEATURES: dict[str, DType] = {"name": "string", "size": "float64"}
LAYOUT = ViewColumns.of(FEATURES)


def rows(*sizes: float) -> ViewRows:
    """Rows that tell themselves apart by every column."""
    made = ViewRows.empty(LAYOUT, len(sizes))
    cells = [(size, f"row {size:g}") for size in sizes]
    made.write(range(len(sizes)), [100 + size for size in sizes], cells)
    return made


def cache(capacity: int = 4) -> RowCache:
    return RowCache(LAYOUT, capacity)


def held(cache: RowCache, keys: Sequence[str], read_since: float = 0.0) -> list[float | None]:
    """The ``size`` that the cache holds for each key, None where it holds nothing."""
    slots = cache.find(keys, read_since)
    sizes: list[float | None] = [None] * len(keys)
    known = np.flatnonzero(slots >= 0)
    for place, size in zip(known, cache.take(slots[known]).columns(LAYOUT)["size"], strict=True):
        sizes[place] = size
    return sizes


def test_what_was_put_is_found_in_all_its_columns() -> None:
    kept = cache()
    kept.put(["a", "b"], rows(1, 2), now=0)

    found = kept.take(kept.find(["b", "a", "b"], 0))

    assert found.columns(LAYOUT)["size"].tolist() == [2, 1, 2]
    assert found.columns(LAYOUT)["name"].tolist() == ["row 2", "row 1", "row 2"]
    assert found.event_at.tolist() == [102, 101, 102]


def test_a_row_that_may_not_be_used_keeps_its_date() -> None:
    some = rows(1.0, 2.0)
    some.clear(np.array([True, False]))

    assert some.columns(LAYOUT)["name"].tolist() == [None, "row 2"]
    np.testing.assert_array_equal(some.columns(LAYOUT)["size"], [np.nan, 2])
    assert some.event_at.tolist() == [101, 102]


def test_an_unknown_key_is_not_found() -> None:
    kept = cache()
    kept.put(["a"], rows(1), now=0)

    assert held(kept, ["z", "a"]) == [None, 1]


def test_rows_of_an_empty_cache_are_not_found() -> None:
    assert held(cache(), ["a"]) == [None]


def test_a_row_that_the_store_lacks_is_kept_too() -> None:
    kept = cache()
    kept.put(["a"], ViewRows.empty(LAYOUT, 1), now=0)

    slots = kept.find(["a"], 0)

    assert slots.tolist() == [0]
    assert np.isnan(kept.take(slots).event_at).all()
    assert kept.take(slots).columns(LAYOUT)["name"].tolist() == [None]


@pytest.mark.parametrize(("read_since", "found"), [(10.0, [1]), (10.1, [None])])
def test_a_row_that_was_read_too_long_ago_is_not_found(
    read_since: float, found: list[float | None]
) -> None:
    kept = cache()
    kept.put(["a"], rows(1), now=10)

    assert held(kept, ["a"], read_since) == found


def test_putting_a_key_again_renews_it() -> None:
    kept = cache()
    kept.put(["a"], rows(1), now=0)
    kept.put(["a"], rows(7), now=8)

    assert held(kept, ["a"], read_since=5) == [7]
    assert len(kept) == 1


def test_one_row_may_stand_in_for_others() -> None:
    some = rows(1, 2, 3)

    some.fill(np.array([True, False, True]), one_row(FEATURES, {"size": 7.0, "other": 1.0}))

    np.testing.assert_array_equal(some.columns(LAYOUT)["size"], [7, 2, 7])
    assert some.columns(LAYOUT)["name"].tolist() == [None, "row 2", None]


def test_the_oldest_keys_make_room() -> None:
    kept = cache(capacity=3)
    kept.put(["a", "b", "c"], rows(1, 2, 3), now=0)
    kept.put(["d"], rows(4), now=0)

    assert held(kept, ["a", "b", "c", "d"]) == [None, 2, 3, 4]
    assert len(kept) == 3


def test_more_keys_than_capacity_are_kept_as_far_as_they_fit() -> None:
    kept = cache(capacity=2)
    kept.put(["a", "b", "c"], rows(1, 2, 3), now=0)

    assert held(kept, ["a", "b", "c"]) == [1, 2, None]


def test_a_key_that_loses_its_slot_within_one_put_is_gone_not_mixed_up() -> None:
    kept = cache(capacity=2)
    kept.put(["a", "b"], rows(1, 2), now=0)
    kept.put(["a", "c"], rows(9, 3), now=0)  # c takes the slot that a was just given again

    assert held(kept, ["a", "b", "c"]) == [None, 2, 3]


def test_a_capacity_of_zero_keeps_nothing() -> None:
    kept = cache(capacity=0)
    kept.put(["a"], rows(1), now=0)

    assert kept.find(["a", "b"], 0).tolist() == [-1, -1]
    assert len(kept) == 0


def test_what_is_taken_is_a_copy() -> None:
    kept = cache()
    kept.put(["a"], rows(1), now=0)
    kept.take(kept.find(["a"], 0)).columns(LAYOUT)["size"][0] = 99

    assert held(kept, ["a"]) == [1]


@given(
    capacity=st.integers(0, 4),
    batches=st.lists(st.lists(st.sampled_from("abcdefg"), unique=True, max_size=6), max_size=12),
)
def test_a_key_never_answers_with_the_row_of_another(
    capacity: int, batches: list[list[str]]
) -> None:
    kept, newest = cache(capacity), dict[str, float]()
    for number, keys in enumerate(batches):
        sizes = [float(100 * number + place) for place in range(len(keys))]
        kept.put(keys, rows(*sizes), now=0)
        # What no longer fits is left out, so an older row may stay: never one of another key.
        for key, size in zip(keys[:capacity], sizes, strict=False):
            newest[key] = size

    for key, found in zip("abcdefg", held(kept, "abcdefg"), strict=True):
        assert found is None or found == newest[key]
    assert len(kept) <= capacity
