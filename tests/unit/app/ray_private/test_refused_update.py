"""What a replica hears of an update that was refused; tests/integration/graph/test_update.py has a
real one."""

from collections.abc import Iterator
from typing import Any

import pytest
from ray.exceptions import RayActorError
from ray.serve import context
from ray.serve.exceptions import RayServeException
from ray.serve.generated import serve_pb2

from app.ray_private.refused_update import REFUSED, refusals

messages: Any = serve_pb2
STATUS = messages.ApplicationStatus


async def heard(*answers: bool | Exception) -> list[str | None]:
    """What is said while Serve answers so; after that the replica ends."""
    told = iter((*answers, RayServeException()))

    async def ask() -> bool:
        answer = next(told)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return [one async for one in refusals(ask, every_s=0)]


async def test_each_change_is_told_once() -> None:
    assert await heard(False, False) == []
    assert await heard(False, True, True, False, True) == [REFUSED, None, REFUSED]


async def test_a_controller_that_is_away_changes_nothing() -> None:
    assert await heard(True, RayActorError(), True) == [REFUSED]


async def test_a_ray_of_another_shape_is_told() -> None:
    (told,) = await heard(AttributeError("no such name"))
    assert told == "this Ray does not tell of an update that was refused (no such name)"


async def test_outside_a_replica_there_is_no_update() -> None:
    assert [one async for one in refusals()] == []


@pytest.mark.parametrize(
    ("status", "said"),
    [("DEPLOYING", []), ("RUNNING", []), ("UNHEALTHY", []), ("DEPLOY_FAILED", [REFUSED])],
)
async def test_it_is_the_status_of_its_own_application(
    status: str, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("ray.serve.get_replica_context", _contexts(2))
    monkeypatch.setattr(context, "_get_global_client", lambda: _Client(asked, status))

    assert [one async for one in refusals(every_s=0)] == said
    assert asked == ["orders", "orders"]


def _contexts(count: int) -> Any:
    left: Iterator[int] = iter(range(count))

    class Context:
        app_name = "orders"

    def get() -> Context:
        if next(left, None) is None:
            raise RayServeException
        return Context()

    return get


class _Client:
    """Serve's client and its controller, as far as they are asked."""

    def __init__(self, asked: list[str], status: str) -> None:
        self._asked = asked
        self._status = STATUS.Value(f"APPLICATION_STATUS_{status}")
        self._controller = self.get_serve_status = self

    async def remote(self, name: str) -> bytes:
        self._asked.append(name)
        status = messages.ApplicationStatusInfo(status=self._status)
        told: bytes = messages.StatusOverview(app_status=status).SerializeToString()
        return told
