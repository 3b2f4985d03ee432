"""The options of deployments are ones that Serve takes, in the config file and in code."""

from dataclasses import replace

import pytest
from ray.serve.schema import DeploymentSchema

from app.ingress import Ingress
from app.options import OPTIONS
from app.start.placement import shortage, stuck_updates
from app.start.preflight import shares
from deployments.features.deployment import Features
from deployments.model.deployment import Model
from deployments.preprocess.deployment import Preprocess

DEPLOYMENTS = {one.name: one for one in (Ingress, Features, Preprocess, Model)}


@pytest.mark.filterwarnings("ignore:The `metrics_interval_s` field:DeprecationWarning")
@pytest.mark.parametrize("layout", OPTIONS)
def test_serve_takes_them_in_either_place(layout: str) -> None:
    for name, options in OPTIONS[layout].items():
        given = DEPLOYMENTS[name].options(**options)
        assert given.max_ongoing_requests == options["max_ongoing_requests"]
        assert DeploymentSchema(name=name, **options).max_surge_percent == 25


@pytest.mark.parametrize("layout", OPTIONS)
def test_two_cores_hold_all_replicas_and_a_new_one(layout: str) -> None:
    needed = [shares({**options, "name": name}) for name, options in OPTIONS[layout].items()]

    assert shortage(needed, [{"CPU": 1.0}]) is None
    assert not stuck_updates(needed, [{"CPU": 2.0}])
    more = [replace(one, replicas=2) for one in needed]
    assert shortage(more, [{"CPU": 2.0}]) is None  # each at its largest
