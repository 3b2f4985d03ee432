import gc
import weakref
from collections.abc import Iterator

import pytest

from deployments.stage.gc import settle


class Cycle:
    def __init__(self) -> None:
        self.own = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_what_an_earlier_version_left_is_freed_when_the_next_settles() -> None:
    earlier = Cycle()
    gone = weakref.ref(earlier)
    settle()
    assert gc.get_freeze_count() > 0

    del earlier
    gc.collect()
    assert gone() is not None

    settle()
    assert gone() is None
