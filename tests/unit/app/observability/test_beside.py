"""Recorders that only look: what goes wrong in them costs nobody an answer."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.edge.guards import Recorder
from app.observability.drift.recorder import DriftRecorder
from app.observability.served.rows import ServedRows
from app.observability.served_log.recorder import ServedLog
from app.observability.settings import ObservabilitySettings
from app.observability.skew.sampler import SkewSampler
from deployments.bundle.bundle import BundleStore
from tests.support.warehouse import SERVICE, fill, row, serving, warehouse


def recorder(kind: str, folder: Path) -> DriftRecorder | SkewSampler | ServedLog:
    key = {"key": {"file": str(folder / "seals.key")}}
    given = {
        "drift": {"journal": {"seals": key}},
        "skew": {"journal": {"seals": key}},
        "served_log": {"rates": {SERVICE: 1.0}, "journal": {"seals": key}},
    }
    settings = ObservabilitySettings.model_validate({kind: given[kind]}, context=folder)
    if settings.drift:
        return DriftRecorder(settings.drift, BundleStore(folder / "models"))
    if settings.skew:
        return SkewSampler(settings.skew)
    assert settings.served_log
    return ServedLog(settings.served_log)


@pytest.mark.parametrize("kind", ["drift", "skew", "served_log"])
async def test_a_fault_costs_nobody_an_answer_and_is_told(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a fault of ours")

    store = warehouse(tmp_path)
    fill(store)
    beside = recorder(kind, tmp_path)
    told: Recorder = beside
    async with serving(tmp_path, store, told) as served:
        with monkeypatch.context() as patched:
            if isinstance(beside, DriftRecorder):
                patched.setattr(beside, "_clock", broken)
            else:
                patched.setattr(ServedRows, "of", broken)
            for _ in range(2):
                await served.ask([row(1)])
            problem = f"{kind}: rows are left out: ValueError: a fault of ours"
            assert problem in beside.problems()
            assert caplog.messages.count(problem) == 1
        await served.ask([row(1)])
        assert problem not in beside.problems()


@pytest.mark.parametrize("kind", ["drift", "skew", "served_log"])
def test_none_can_refuse_answers(kind: str) -> None:
    with pytest.raises(ValidationError, match="unwritable"):
        ObservabilitySettings.model_validate({kind: {"journal": {"unwritable": "refuse"}}})


@pytest.mark.parametrize("kind", ["drift", "skew", "served_log"])
def test_what_is_said_of_a_journal_leaves_it_its_own_place(kind: str, tmp_path: Path) -> None:
    def journal(given: dict[str, object]) -> object:
        document = {kind: {"journal": {"keep_days": 2.0, **given}}}
        settings = ObservabilitySettings.model_validate(document, context=tmp_path)
        return getattr(settings, kind).journal

    assert journal({}) == journal({"unwritable": "serve"})
    assert "audit" not in str(journal({}))
