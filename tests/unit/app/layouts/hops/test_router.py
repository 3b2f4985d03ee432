"""Serve's choice of a replica as this graph has it, set up as Serve does it."""

import asyncio
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from ray.serve.handle import DeploymentHandle
from ray.serve.request_router import PendingRequest, ReplicaID

from app.layouts.hops import stages
from app.layouts.hops.calls import Call
from app.layouts.hops.router import ANSWERING
from app.layouts.hops.usual import Limits

_names = count()


class Router:
    """What Serve makes of the config, with these replicas."""

    def __init__(self, *names: str, of: "Router | None" = None) -> None:
        new = DeploymentHandle[Any](f"Routed{next(_names)}", "shop").deployment_id
        self.deployment: Any = of.deployment if of else new
        self.ids = {name: ReplicaID(name, self.deployment) for name in names}
        self.router: Any = ANSWERING.get_request_router_class()(
            deployment_id=self.deployment,
            handle_source=SimpleNamespace(value="REPLICA"),
            self_node_id="node",
            use_replica_queue_len_cache=True,
            prefer_local_node_routing=False,
        )
        self.stage = stages.replicas("shop", self.deployment.name)
        self.update(*names)

    def update(self, *names: str) -> None:
        """Serve tells of these."""
        self.router.update_replicas([_Running(self.ids[name]) for name in names])

    async def chosen(self) -> set[str]:
        """Those between which the router chooses now."""
        metadata: Any = SimpleNamespace(multiplexed_model_id="")
        request = PendingRequest([], {}, metadata)
        found: list[list[_Running]] = await self.router.choose_replicas([], request)
        return {one.replica_id.unique_id for rank in found for one in rank}


class _Running:
    """One of Serve's replicas, idle."""

    def __init__(self, replica_id: ReplicaID) -> None:
        self.replica_id = replica_id
        self.node_id, self.availability_zone = "node", None
        self.multiplexed_model_ids: set[str] = set()
        self.max_ongoing_requests = 8

    async def get_queue_len(self, *, deadline_s: float) -> int:
        return 0


async def test_replicas_that_are_late_are_left_out_while_others_are_there() -> None:
    router = Router("a", "b")
    assert await router.chosen() == {"a", "b"}

    router.stage.late(router.ids["a"], 0.2, hung=False)
    assert await router.chosen() == {"b"}
    router.stage.late(router.ids["b"], 0.2, hung=False)
    assert await router.chosen() == {"a", "b"}
    router.stage.late(router.ids["a"], 1.0, hung=True)
    assert await router.chosen() == {"b"}
    router.stage.late(router.ids["b"], 1.0, hung=True)
    assert await router.chosen() == set()

    router.stage.ended(router.ids["a"])
    assert await router.chosen() == {"a"}


async def test_one_that_takes_the_place_of_a_hung_one_is_chosen() -> None:
    router = Router("a")
    router.ids["b"] = ReplicaID("b", router.deployment)
    router.stage.late(router.ids["a"], 1.0, hung=True)
    assert router.stage.silent() == "its replica does not answer"

    router.update("b")

    assert router.stage.silent() is None
    assert router.stage.ejected() == []
    assert await router.chosen() == {"b"}


async def test_a_replica_alone_that_is_being_reconfigured_is_there() -> None:
    router = Router("a")

    router.update()

    assert router.stage.silent() is None
    assert await router.chosen() == {"a"}


async def test_a_stage_whose_last_replica_died_has_none() -> None:
    router = Router("a")

    router.update()
    router.router.on_replica_actor_died(router.ids["a"])

    assert router.stage.silent() == "no replica is there"
    router.update("a")
    assert router.stage.silent() is None


async def test_another_handle_that_was_not_used_since_does_not_bring_the_dead_back() -> None:
    router = Router("a")
    idle = Router("a", of=router)

    router.router.on_replica_actor_died(router.ids["a"])
    idle.update()

    assert router.stage.silent() == "no replica is there"


async def test_until_serve_has_told_of_a_replica_none_is_missed() -> None:
    router = Router()

    assert router.stage.silent() is None


@pytest.mark.parametrize("thread", [False, True])
async def test_a_call_knows_the_replica_that_it_was_sent_to(thread: bool) -> None:
    router = Router("a")

    async def send() -> None:
        if thread:
            await asyncio.to_thread(router.router.on_send_request, router.ids["a"])
        else:
            router.router.on_send_request(router.ids["a"])

    call = Call(send, Limits(60.0, 60.0), lambda _: None)
    await call.answer

    assert call.replica == router.ids["a"]
    router.router.on_send_request(router.ids["a"])  # for nobody's call
