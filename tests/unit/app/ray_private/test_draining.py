"""What needs a replica is tested in one: tests/integration/graph/test_stream.py."""

from types import SimpleNamespace

import pytest
from ray._private import worker

from app.ray_private.draining import NeverTold, told_to_stop, until_told_to_stop


def test_outside_a_replica_it_is_not_known() -> None:
    assert told_to_stop() is None


@pytest.mark.parametrize("told", [True, False])
def test_a_replica_knows(monkeypatch: pytest.MonkeyPatch, told: bool) -> None:
    actor = SimpleNamespace(_replica_impl=SimpleNamespace(_shutting_down=told))
    here = SimpleNamespace(actor_id=b"a", actors={b"a": actor})
    monkeypatch.setattr(worker, "global_worker", here)

    assert told_to_stop() is told


def test_names_that_ray_has_changed_are_not_taken_for_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for actors in ({}, {b"a": SimpleNamespace()}):
        here = SimpleNamespace(actor_id=b"a", actors=actors)
        monkeypatch.setattr(worker, "global_worker", here)
        assert told_to_stop() is None


async def test_a_replica_that_is_never_told_does_not_wait_for_it() -> None:
    with pytest.raises(NeverTold, match="streams will be cut"):
        await until_told_to_stop()
