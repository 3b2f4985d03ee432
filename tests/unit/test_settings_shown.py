"""``serve_config.yaml`` shows every setting; default and reason stand in the code alone."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from app.audit.settings import AuditSettings
from app.config import (
    CollapsedSettings,
    DistributedSettings,
    FastLaneSettings,
    GraphArgs,
)
from app.observability.cost.settings import CostSettings
from app.observability.drift.settings import DriftSettings
from app.observability.feedback.settings import FeedbackSettings
from app.observability.predictions.settings import PredictionsSettings
from app.observability.replay.settings import ReplaySettings
from app.observability.skew.settings import SkewSettings
from app.options import OPTIONS
from app.secrets import Secret
from deployments.features.deployment import FeaturesSettings
from deployments.model.deployment import ModelSettings
from deployments.stage.settings import StageSettings
from tests.support import serve

CONFIG = yaml.safe_load(serve.CONFIG.read_text())

FORMS: dict[str, dict[str, type[BaseModel]]] = {
    "distributed": {
        "Ingress": DistributedSettings,
        "Features": FeaturesSettings,
        "Preprocess": StageSettings,
        "Model": ModelSettings,
    },
    "collapsed": {"Ingress": CollapsedSettings},
}

_OFF_BY_DEFAULT = (
    *(FastLaneSettings, AuditSettings),
    *(PredictionsSettings, FeedbackSettings, DriftSettings, SkewSettings, CostSettings),
    ReplaySettings,
)

_EITHER = {
    "args.fast_lane": "open on loopback here, shut where nobody asks for it",
    "args.audit": "kept here, and not where nobody asks for it",
    "args.observability.predictions": "as audit",
    "args.observability.predictions.segments": "the shipped model's own fields",
    "args.observability.feedback": "as audit",
    "args.observability.feedback.sums": "an example",
    "args.observability.drift": "as audit",
    "args.observability.skew": "as audit",
    "args.observability.cost": "an example of prices",
    "args.observability.replay": "the flights can be played here",
}
DELIBERATE = {
    **{(layout, path): why for layout in FORMS for path, why in _EITHER.items()},
    ("distributed", "Features.clock"): "the shipped data end in 2013",
    ("collapsed", "args.layout"): "this is the other one",
    ("collapsed", "Ingress.features.clock"): "as above",
    ("collapsed", "Ingress.batching.max_wait_s"): "one loop refuses and predicts",
}


def documents(layout: str) -> Iterator[tuple[str, type[BaseModel], dict[str, Any]]]:
    """What the layout's part of the config sets: args, and each deployment's user_config."""
    part = copy.deepcopy(CONFIG[f"x-{layout}"])
    yield "args", GraphArgs, part["args"]
    for one in part["deployments"]:
        yield one["name"], FORMS[layout][one["name"]], one["user_config"]


OPEN = {"tolerances"}
"""Tables whose keys are names of the user's."""


def departures(shown: BaseModel, default: BaseModel, where: str) -> Iterator[str]:
    """The settings whose value is not the default; all must be there."""
    for name in type(shown).model_fields:
        path = f"{where}.{name}"
        assert name in shown.model_fields_set, f"serve_config.yaml does not show {path}"
        value, usual = getattr(shown, name), getattr(default, name)
        if isinstance(value, _OFF_BY_DEFAULT) and usual is None:
            yield path
            needed = {"source": value.source} if isinstance(value, ReplaySettings) else {}
            usual = type(value)(**needed)
        whole = isinstance(value, Secret)  # of its places it names one
        if isinstance(value, BaseModel) and type(value) is type(usual) and not whole:
            yield from departures(value, usual, path)
        elif value != usual:
            yield path


@pytest.mark.parametrize("layout", FORMS)
def test_every_setting_is_shown_and_departs_from_its_default_for_a_reason_only(layout: str) -> None:
    found = {
        path
        for where, form, document in documents(layout)
        for path in departures(
            form.model_validate(document),
            form(model={"name": document["model"]["name"]}) if form is GraphArgs else form(),
            where,
        )
    }

    assert found == {path for of, path in DELIBERATE if of == layout}


@pytest.mark.parametrize("layout", FORMS)
def test_the_options_of_each_deployment_are_shown_as_they_are_without_it(layout: str) -> None:
    shown = copy.deepcopy(CONFIG[f"x-{layout}"]["deployments"])
    for one in shown:
        del one["user_config"]

    assert {one.pop("name"): one for one in shown} == OPTIONS[layout]


def tables(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield document
    for name, value in document.items():
        if isinstance(value, dict) and name not in OPEN:
            yield from tables(value)


@pytest.mark.parametrize("layout", FORMS)
def test_a_key_that_is_not_known_is_refused_wherever_it_stands(layout: str) -> None:
    for _, form, document in documents(layout):
        form.model_validate(document)
        for table in tables(document):
            table["mistyped"] = 1
            with pytest.raises(ValidationError, match="mistyped"):
                form.model_validate(document)
            del table["mistyped"]
