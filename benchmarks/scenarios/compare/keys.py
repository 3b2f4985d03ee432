"""How often keys come back in the requests, and what a cache makes of that."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.graph import config_of
from benchmarks.paths import ROOT
from deployments.bundle.bundle import BundleStore
from deployments.model_id import ModelId

_RATES = (500, 5000)
_TTLS = 4


@dataclass(frozen=True)
class KeyUse:
    """Of one feature view: how many keys the requests hold, and by the rate at which they are
    sent, which share of look-ups the row cache answers."""

    distinct: int
    hits: Mapping[int, float]


def key_uses(rows: Sequence[dict[str, Any]]) -> dict[str, KeyUse]:
    """For each view that the shipped model reads, with the shipped cache."""
    application = config_of("collapsed")["applications"][0]
    ttl_s = application["deployments"][0]["user_config"]["features"]["cache_ttl_s"]
    model = application["args"]["model"]
    manifest = (
        BundleStore(ROOT / model["directory"]).open(ModelId(model["name"], "latest")).manifest
    )
    uses = {}
    for name, view in manifest.service.views.items():
        keys = [tuple(row[field] for field in view.join_keys.values()) for row in rows]
        hits = {rate: hit_rate(keys, rate, ttl_s) for rate in _RATES}
        uses[name] = KeyUse(len(set(keys)), hits)
    return uses


def hit_rate(keys: Sequence[tuple[Any, ...]], rate: float, ttl_s: float) -> float:
    """The share of look-ups that find their key read less than ``ttl_s`` ago, where the keys come
    one after the other at this rate, over and over, for several times as long."""
    read_at: dict[tuple[Any, ...], float] = {}
    hits = 0
    count = len(keys) * max(1, math.ceil(_TTLS * ttl_s * rate / len(keys)))
    for place in range(count):
        key, at = keys[place % len(keys)], place / rate
        if at - read_at.get(key, -math.inf) < ttl_s:
            hits += 1
        else:
            read_at[key] = at
    return hits / count
