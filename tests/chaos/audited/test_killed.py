"""Replicas that record their answers are killed under load, one after the other."""

from functools import partial
from pathlib import Path
from random import Random

from app.audit.settings import AuditSettings
from benchmarks.bodies import instances
from benchmarks.config import set_all
from tests.chaos.figures import Figures
from tests.chaos.scale import Scale
from tests.chaos.site import resize
from tests.support.asking import Told, asking
from tests.support.audited import recorded
from tests.support.journals import verified
from tests.support.processes import in_service, kill, replicas
from tests.support.serve import Server, read_config, up
from tests.support.wait import wait_until

_REPLICAS = 2
_KILLS = {True: 50, False: 3}
_BETWEEN = 200


def test_no_request_was_answered_without_its_record(
    tmp_path: Path, scale: Scale, figures: Figures
) -> None:
    document = read_config("collapsed")
    journal = {"directory": "log", "seals": {"directory": "seals", "every_s": 0.5}}
    settings = {"journal": journal | {"segment_bytes": 2**16}}
    document["applications"][0]["args"]["audit"] = settings
    resize(document, _REPLICAS)
    set_all(document, "num_cpus", 0.1)  # two and one that starts: it is the machine that has two
    random = Random(15)
    with up(document, tmp_path) as server:
        wait_until(partial(replicas, server, "Ingress", _REPLICAS), "all replicas")
        with asking(server.fast_lane, instances()[:1000]) as told:
            for _ in range(_KILLS[scale.long]):
                wait_until(partial(_more, told, len(told.outputs) + _BETWEEN), "answers")
                victim = random.choice(sorted(in_service(server, "Ingress")))
                kill(victim)
                wait_until(partial(_replaced, server, victim), "another", timeout_s=120)
    audit = AuditSettings.model_validate(settings, context=tmp_path)
    kept = {
        entry.request: entry.rows[0].outputs
        for entry in recorded(audit)
        if entry.outcome == "answered"
    }
    report = verified(audit.journal)
    figures.add("replicas killed", _KILLS[scale.long])
    figures.add("requests answered", len(told.outputs))
    figures.add("not answered", told.unanswered)
    lost = [name for name, outputs in told.outputs.items() if kept.get(name) != outputs]
    figures.add("answered without a record", len(lost), "0")
    figures.add("chains", len(report.writers))
    assert not lost
    assert report.sound, str(report)


def _more(told: Told, least: int) -> bool:
    return len(told.outputs) > least


def _replaced(server: Server, victim: int) -> bool:
    return len(in_service(server, "Ingress") - {victim}) == _REPLICAS
