import pytest

from app.start.placement import Shares, shortage, stuck_updates

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


def surging(name: str, replicas: int, **resources: float) -> Shares:
    return Shares(name, replicas, resources, surges=True)


@pytest.mark.parametrize(
    ("deployments", "nodes", "stuck"),
    [
        ([surging("Ingress", 1, CPU=1)], [SMALL], []),
        ([surging("Ingress", 1, CPU=2)], [SMALL], ["Ingress"]),
        ([Shares("Ingress", 1, {"CPU": 2})], [SMALL], []),
        ([surging("Ingress", 1, CPU=2)], [SMALL, SMALL], []),
        ([surging("Ingress", 2, CPU=1), surging("Model", 1, CPU=0.1)], [SMALL], None),
        ([surging("Ingress", 1, CPU=0.6), surging("Model", 1, CPU=0.6)], [SMALL], []),
        (
            [surging("Ingress", 1, CPU=1.6), surging("Model", 1, CPU=0.4)],
            [SMALL],
            ["Ingress", "Model"],
        ),
        ([surging("Ingress", 1, CPU=1.2), surging("Model", 1, CPU=0.4)], [SMALL], ["Ingress"]),
        ([surging("Model", 1, CPU=1, GPU=1)], [WITH_GPU], ["Model"]),
        ([surging("Model", 1, CPU=1, GPU=0.5)], [WITH_GPU], []),
        ([surging("Model", 1, CPU=1, GPU=1)], [WITH_GPU, SMALL], ["Model"]),
        ([surging("Model", 2, CPU=1.2)], [SMALL, SMALL], ["Model"]),
        ([surging("Model", 10, CPU=0.1), surging("A", 10, CPU=0.1)], [{"CPU": 2.1}], []),
        ([surging("Ingress", 0, CPU=2)], [SMALL], []),
    ],
)
def test_an_update_needs_room_for_one_more_of_each_in_turn(
    deployments: list[Shares], nodes: list[dict[str, float]], stuck: list[str] | None
) -> None:
    told = stuck_updates(deployments, nodes)

    # Nothing where the graph itself has no room, which is refused.
    assert [one.split()[3] for one in told] == (stuck or [])


def test_what_has_no_room_is_told_with_what_to_set() -> None:
    (told,) = stuck_updates([surging("Model", 1, CPU=1, GPU=1)], [WITH_GPU])

    assert told.startswith("an update of Model has no room: its new replica needs 1 CPU and 1 GPU")
    assert "there are 8 CPU, 1 GPU" in told
    assert "max_surge_percent: 0" in told
