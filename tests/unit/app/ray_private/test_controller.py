import logging
from types import ModuleType

import pytest
from ray.serve._private import constants, deployment_state, haproxy, proxy_state
from ray.serve._private.application_state import ApplicationState
from ray.serve._private.utils import call_function_from_import_path
from uvicorn.config import HTTP_PROTOCOLS

from app.ray_private import controller, haproxy_template, http_protocol, known_ingress, one_failure
from app.start.environment import ray_environment


@pytest.fixture(autouse=True)
def unmended(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the process of this test has of Ray's classes is put back after it."""
    monkeypatch.setattr(haproxy, "HAProxyApi", haproxy.HAProxyApi)
    clears = ApplicationState._set_target_state
    monkeypatch.setattr(ApplicationState, "_set_target_state", clears)
    for module, name in (
        (deployment_state, "REPLICA_HEALTH_CHECK_UNHEALTHY_THRESHOLD"),
        (proxy_state, "PROXY_HEALTH_CHECK_UNHEALTHY_THRESHOLD"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))
    monkeypatch.setitem(HTTP_PROTOCOLS, "auto", HTTP_PROTOCOLS["auto"])


@pytest.fixture(params=[known_ingress, haproxy_template, one_failure])
def unfit(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    module: ModuleType = request.param
    monkeypatch.setattr(module, "apply", lambda: "this Ray is another")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in ray_environment(haproxy=True).items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.usefixtures("started")
def test_ray_calls_it_by_the_name_that_the_environment_has() -> None:
    name = "RAY_SERVE_CONTROLLER_CALLBACK_IMPORT_PATH"
    assert hasattr(constants, name)
    call_function_from_import_path(ray_environment()[name])

    assert haproxy.HAProxyApi is haproxy_template.mended_haproxy
    assert hasattr(ApplicationState._set_target_state, "__wrapped__")
    assert vars(deployment_state)["REPLICA_HEALTH_CHECK_UNHEALTHY_THRESHOLD"] == 1


@pytest.mark.usefixtures("started", "unfit")
def test_what_does_not_fit_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    serves = logging.getLogger("ray.serve")
    serves.addHandler(caplog.handler)
    try:
        controller.mend()
    finally:
        serves.removeHandler(caplog.handler)

    assert caplog.messages == ["this Ray is another"]


@pytest.mark.usefixtures("started", "unfit")
def test_what_does_not_fit_is_a_problem() -> None:
    assert controller.problems() == ["this Ray is another"]


def test_all_is_well_where_it_was_started_so(started: pytest.MonkeyPatch) -> None:
    assert controller.problems() == []

    started.delenv("RAY_SERVE_CONTROLLER_CALLBACK_IMPORT_PATH")
    (problem,) = controller.problems()
    assert "RAY_SERVE_CONTROLLER_CALLBACK_IMPORT_PATH" in problem


@pytest.mark.parametrize("haproxy", ["0", "1"])
def test_a_door_that_does_not_fit_is_a_problem_with_and_without_haproxy(
    started: pytest.MonkeyPatch, haproxy: str
) -> None:
    started.setenv("RAY_SERVE_ENABLE_HA_PROXY", haproxy)
    started.setattr(http_protocol, "apply", lambda: "this Ray is another")

    assert controller.problems() == ["this Ray is another"]


def test_without_haproxy_what_hangs_is_all_that_is_mended(started: pytest.MonkeyPatch) -> None:
    started.setenv("RAY_SERVE_ENABLE_HA_PROXY", "0")
    for module in (known_ingress, haproxy_template):
        started.setattr(module, "apply", lambda: "this Ray is another")
    assert controller.problems() == []

    started.delenv("RAY_SERVE_CONTROLLER_CALLBACK_IMPORT_PATH")
    (problem,) = controller.problems()
    assert "what hangs is replaced late" in problem
