import pytest

from app.start.placement import Shares, shortage

SMALL = {"CPU": 2.0, "memory": 8e9}
WITH_GPU = {"CPU": 8.0, "GPU": 1.0}
EDGE = Shares("Ingress", 1, {"CPU": 0.5})
MODEL = Shares("Model", 1, {"CPU": 0.5, "GPU": 0.25})


@pytest.mark.parametrize(
    ("deployments", "nodes"),
    [
        ([EDGE], [SMALL]),
        ([EDGE, MODEL], [SMALL, WITH_GPU]),
        ([Shares("Ingress", 4, {"CPU": 0.5})], [SMALL]),
        ([Shares("Ingress", 10, {"CPU": 0.1}), Shares("Model", 10, {"CPU": 0.1})], [SMALL]),
        ([Shares("Model", 4, {"GPU": 0.25})], [WITH_GPU]),
        ([Shares("Ingress", 0, {"CPU": 2})], [SMALL]),
        ([], [SMALL]),
    ],
)
def test_what_fits_lacks_nothing(deployments: list[Shares], nodes: list[dict[str, float]]) -> None:
    assert shortage(deployments, nodes) is None


def test_a_replica_that_no_node_can_hold_is_named_with_what_it_needs() -> None:
    missing = shortage([EDGE, MODEL], [SMALL])

    assert missing is not None
    assert missing.startswith("a replica of Model needs 0.5 CPU and 0.25 GPU, and no node has ")
    assert "2 CPU, 0 GPU" in missing


def test_two_half_nodes_hold_no_whole_replica() -> None:
    missing = shortage([Shares("Model", 1, {"CPU": 3})], [SMALL, SMALL])

    assert missing is not None
    assert missing.startswith("a replica of Model needs 3 CPU")


def test_too_little_in_all_is_told_with_each_share() -> None:
    missing = shortage(
        [Shares("Ingress", 3, {"CPU": 0.5}), Shares("Model", 1, {"CPU": 1})], [SMALL]
    )

    assert missing is not None
    assert missing.startswith(
        "its smallest form needs 2.5 CPU (Ingress 3 x 0.5 + Model 1 x 1), the cluster has 2"
    )
