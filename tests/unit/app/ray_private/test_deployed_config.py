"""What needs a cluster is tested in one: tests/integration/test_launch.py sees a graph refused."""

from types import SimpleNamespace

import pytest
import ray
from ray.serve import context

from app.ray_private.deployed_config import Unknown, deployed, has_replicas


def test_outside_a_cluster_there_is_none() -> None:
    assert deployed() == []
    assert not has_replicas("orders", "Ingress")


def test_a_ray_of_another_shape_is_not_taken_for_one_without_a_config(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    monkeypatch.setattr(context, "_get_global_client", lambda **_: SimpleNamespace())

    with pytest.raises(Unknown, match="room is not checked"):
        deployed()


def test_replicas_are_of_one_application(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["SERVE_REPLICA::orders#Ingress#ab12", "SERVE_REPLICA::re-orders#Model#cd34", "other"]
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    monkeypatch.setattr(
        "app.ray_private.deployed_config.list_named_actors",
        lambda all_namespaces: [{"name": name, "namespace": "serve"} for name in names],
    )

    assert has_replicas("orders", "Ingress")
    assert not has_replicas("re-orders", "Ingress")
    assert not has_replicas("orders", "Model")
