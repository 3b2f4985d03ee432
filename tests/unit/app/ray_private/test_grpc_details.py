from typing import Any

import pytest
from grpc import StatusCode
from ray.exceptions import RayActorError
from ray.serve._private import grpc_util as rays_util
from ray.serve._private import proxy as rays_proxy

from app.ray_private import grpc_details
from app.ray_private.grpc_details import HIDDEN

grpc_util: Any = rays_util  # their names are not for others, say their types
proxy: Any = rays_proxy


@pytest.fixture(autouse=True)
def unmended(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(proxy, "get_grpc_response_status", grpc_util.get_grpc_response_status)
    return monkeypatch


def test_what_nobody_foresaw_is_told_of_by_no_more_than_that() -> None:
    inner = RuntimeError("File /srv/app/model.py, pid=4711, ip=10.0.0.9")
    for _ in range(2):
        assert grpc_details.apply() is None
        for error in (inner, RayActorError()):
            status = proxy.get_grpc_response_status(error, 1.0, "mine")
            assert (status.code, status.message) == (StatusCode.INTERNAL, HIDDEN)


def test_what_is_meant_for_the_client_is_told() -> None:
    assert grpc_details.apply() is None

    late = proxy.get_grpc_response_status(TimeoutError(), 1.0, "mine")
    assert late.message == "Request timed out after 1.0s."
    meant = grpc_util.gRPCStatusError(RuntimeError("inner"), StatusCode.NOT_FOUND, "no such flight")
    assert proxy.get_grpc_response_status(meant, 1.0, "mine").message == "no such flight"


def test_a_ray_that_does_it_otherwise_is_told_of(unmended: pytest.MonkeyPatch) -> None:
    unmended.delattr(proxy, "get_grpc_response_status")

    assert "in another way" in str(grpc_details.apply())
