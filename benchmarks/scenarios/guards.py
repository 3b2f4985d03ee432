"""What it costs to know who asks, how much, and to record what is answered: all guards on, against
all off, in one run."""

from pathlib import Path
from typing import Annotated, Any

from typer import Option

from app.access.local_key import ensured_local_key
from app.access.settings import AuthSettings
from benchmarks.config import LayoutName
from benchmarks.runner import Publish, Quick, Rounds, Seconds
from benchmarks.samples import p99, rate
from benchmarks.scenarios.switch import Switch

_PLENTY = {"name": "plenty", "quota": 10**9}


def guards(
    *,
    layout: Annotated[LayoutName | None, Option(help="Only this one.")] = None,
    quick: Quick = False,
    rounds: Rounds = None,
    seconds: Seconds = None,
    publish: Publish = False,
) -> int:
    """All guards on against all off, fast lane, 128 connections: rate and p99."""
    rounds, seconds = rounds or (1 if quick else 5), seconds or 5
    return GUARDS.measure(layout, rounds=rounds, seconds=seconds, publish=publish)


def _guard(config: dict[str, Any], folder: Path) -> str:
    """Have a config ask for a key, which is given back, count, and record, all in this folder."""
    auth = {"keys": str(folder / "keys.json"), "pepper": {"file": str(folder / "pepper")}}
    seals = {"directory": str(folder / "seals"), "key": {"file": str(folder / "seals.key")}}
    config["applications"][0]["args"] |= {
        "auth": auth,
        "quota": {"limits": [_PLENTY, _PLENTY | {"name": "rows", "unit": "rows"}]},
        "audit": {"journal": {"directory": str(folder / "log"), "seals": seals}},
    }
    path = ensured_local_key(AuthSettings.model_validate(auth))
    assert path is not None
    return path.read_text().strip()


GUARDS = Switch(
    "guards",
    "an API key, limits of rows and of requests that are never reached, an audit record "
    "(durability write) before each answer",
    _guard,
    [("rate", rate, 0.90), ("p99", p99, 1.15)],
)
