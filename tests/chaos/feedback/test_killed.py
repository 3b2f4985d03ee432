"""Replicas are killed under predictions and their outcomes, one after the other."""

from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.bodies import instances
from benchmarks.config import set_all
from tests.chaos.figures import Figures
from tests.chaos.scale import Scale
from tests.chaos.site import resize
from tests.support.feedback import observed
from tests.support.outcomes import tallied
from tests.support.processes import in_service, kill, replicas
from tests.support.serve import Server, read_config, up
from tests.support.telling import telling
from tests.support.wait import wait_until

_REPLICAS = 2
_KILLS = {True: 20, False: 2}
_BETWEEN = 100


def test_each_acknowledged_outcome_is_joined_once(
    tmp_path: Path, scale: Scale, figures: Figures
) -> None:
    document = read_config("collapsed")
    predictions, feedback = _in(tmp_path)
    document["applications"][0]["args"]["observability"] = {
        "predictions": {"journal": predictions},
        "feedback": {"journal": feedback, "index": str(tmp_path / "quality.db")},
    }
    resize(document, _REPLICAS)
    set_all(document, "num_cpus", 0.1)  # two and one that starts: it is the machine that has two
    random = Random(16)
    with up(document, tmp_path) as server:
        wait_until(partial(replicas, server, "Ingress", _REPLICAS), "all replicas")
        with telling(server.fast_lane, instances()[:1000]) as told:
            for _ in range(_KILLS[scale.long]):
                wait_until(partial(told.more_than, len(told.names) + _BETWEEN), "outcomes")
                victim = random.choice(sorted(in_service(server, "Ingress")))
                kill(victim)
                wait_until(partial(_replaced, server, victim), "another", timeout_s=120)
    settings = observed(
        tmp_path,
        {"journal": predictions, "segments": []},
        {"journal": feedback, "index": str(tmp_path / "quality.db"), "sums": []},
    )
    counts, joined = tallied(settings)
    lost = [name for name in told.names if name not in joined]
    figures.add("replicas killed", _KILLS[scale.long])
    figures.add("outcomes acknowledged", len(told.names))
    figures.add("calls that failed", told.failed)
    figures.add("acknowledged and not joined", len(lost), "0")
    figures.add("joined", counts.get("joined", 0))
    figures.add("told again by a retry", counts.get("repeated", 0))
    assert not lost
    assert counts.get("contradicting", 0) == 0


def _in(folder: Path) -> list[dict[str, Any]]:
    return [
        {
            "directory": str(folder / name),
            "unwritable": "refuse",
            "segment_bytes": 2**16,
            "seals": {"directory": str(folder / f"{name}_seals"), "every_s": 0.5},
        }
        for name in ("predictions", "outcomes")
    ]


def _replaced(server: Server, victim: int) -> bool:
    return len(in_service(server, "Ingress") - {victim}) == _REPLICAS
