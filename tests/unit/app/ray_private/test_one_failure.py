"""How often a health check may fail; tests/ray/replica_hangs.py sees it at work on plain Ray."""

from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from ray.serve._private import deployment_state, proxy_state
from ray.serve.schema import ProxyStatus

from app.ray_private.one_failure import apply


@pytest.fixture(autouse=True)
def _unmended(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (
        (deployment_state, "REPLICA_HEALTH_CHECK_UNHEALTHY_THRESHOLD"),
        (proxy_state, "PROXY_HEALTH_CHECK_UNHEALTHY_THRESHOLD"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))


class Checked(deployment_state.ActorReplicaWrapper):
    """A replica whose check has just failed."""

    def __init__(self) -> None:
        self._replica_id: Any = "one"
        self._consecutive_health_check_failures = 0
        self._healthy = True

    def _check_active_health_check(self) -> Any:
        return deployment_state.ReplicaHealthCheckResponse.APP_FAILURE

    def _should_start_new_health_check(self) -> bool:
        return False


def test_a_replica_is_unhealthy_after_one() -> None:
    assert Checked().check_health()
    assert apply() is None
    assert not Checked().check_health()


def test_a_proxy_is_unhealthy_after_one() -> None:
    def status() -> ProxyStatus:
        one: Any = object.__new__(proxy_state.ProxyState)
        one._status, one._actor_name = ProxyStatus.HEALTHY, "one"
        one._consecutive_health_check_failures = 0
        one._set_status = lambda status: setattr(one, "_status", status)
        one.try_update_status(ProxyStatus.UNHEALTHY)
        return ProxyStatus(one.status)

    assert status() is ProxyStatus.HEALTHY
    assert apply() is None
    assert status() is ProxyStatus.UNHEALTHY


def test_a_ray_of_another_shape_stays_as_it_is_and_that_is_said() -> None:
    other = ModuleType("other")
    vars(other)["ActorReplicaWrapper"] = SimpleNamespace(check_health=lambda: None)

    for modules in ((other, proxy_state), (deployment_state, other)):
        assert "another way" in str(apply(*modules))
    assert vars(deployment_state)["REPLICA_HEALTH_CHECK_UNHEALTHY_THRESHOLD"] == 3
