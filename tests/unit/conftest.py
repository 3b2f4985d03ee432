import pytest

from tests.support.counted import unbounded


@pytest.fixture(autouse=True)
def _labels_have_room() -> None:
    unbounded()
