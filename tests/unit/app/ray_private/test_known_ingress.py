"""What is mended of Serve's own class; tests/integration/graph/test_update.py sees it at work."""

import inspect
from typing import Any

import pytest
from ray.serve._private.application_state import ApplicationState

from app.ray_private.known_ingress import apply


class Forgets:
    """As Ray 2.60 does."""

    def __init__(self) -> None:
        self._ingress_deployment_name: str | None = "Ingress"

    def _set_target_state(self, deployment_infos: dict[str, Any] | None, *, deleting: bool) -> None:
        self._ingress_deployment_name = next(iter(deployment_infos or {}), None)


@pytest.fixture
def state() -> Forgets:
    class Kept(Forgets):
        _set_target_state = Forgets._set_target_state

    assert apply(Kept) is None
    return Kept()


def test_it_is_known_while_the_application_is_built(state: Forgets) -> None:
    state._set_target_state(deployment_infos=None, deleting=False)
    assert state._ingress_deployment_name == "Ingress"

    state._set_target_state(deployment_infos={"Other": ...}, deleting=False)
    assert state._ingress_deployment_name == "Other"


def test_one_that_is_deleted_is_forgotten(state: Forgets) -> None:
    state._set_target_state(deployment_infos={}, deleting=True)

    assert state._ingress_deployment_name is None


def test_it_is_mended_once(state: Forgets) -> None:
    assert apply(type(state)) is None

    state._set_target_state(deployment_infos=None, deleting=False)
    assert state._ingress_deployment_name == "Ingress"


def test_a_ray_of_another_shape_stays_as_it_is_and_that_is_said() -> None:
    class Other:
        pass

    class Renamed:
        def _set_target_state(self, deployment_infos: dict[str, Any] | None) -> None:
            self._ingress = deployment_infos

    for one in (Other, Renamed):
        before = dict(vars(one))
        assert "another way" in str(apply(one))
        assert dict(vars(one)) == before


def test_rays_class_has_what_is_mended() -> None:
    parameters = list(inspect.signature(ApplicationState._set_target_state).parameters)
    assert parameters[:2] == ["self", "deployment_infos"]
    assert "self._ingress_deployment_name = " in inspect.getsource(
        ApplicationState._set_target_state
    )
