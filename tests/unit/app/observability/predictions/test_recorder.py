"""What is kept of predictions, of every protocol."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.asgi import Application
from app.config import EdgeArgs
from app.edge.guards import Guards
from app.guards import guards_of
from app.observability.predictions.record import Predicted, Record, Refused, decode
from app.observability.predictions.recorder import PredictionRecorder
from app.observability.predictions.scores import NoScore, Score
from app.observability.predictions.settings import PredictionsSettings
from app.serving.dataplane import Dataplane
from deployments.bundle.manifest import OutputSpec
from tests.support.auditors import HeldAuditor
from tests.support.feedback import Fed, fed, observed
from tests.support.journals import contents
from tests.support.manifests import EXAMPLE, parcels
from tests.support.oip import INFER, tensors
from tests.support.streams import stream
from tests.unit.app.protocols.stream.services import service as streaming


def records(settings: PredictionsSettings) -> list[Record]:
    return [decode(one) for one in contents(settings.journal)]


def scores(record: Record) -> list[float]:
    assert isinstance(record, Predicted)
    found: list[float] = np.frombuffer(record.scores, "<f8").tolist()
    return found


async def test_a_record_has_what_outcomes_are_held_against(
    dataplane: Dataplane, tmp_path: Path
) -> None:
    settings = observed(tmp_path, {"segments": ["depot", "insured", "nowhere"]})
    async with fed(dataplane, settings, several=True) as service:
        await service.predict("mine", EXAMPLE, "ada")
        assert any("nowhere" in problem for problem in service.guards.problems())

    (record,) = records(settings[0])
    assert isinstance(record, Predicted)
    assert (record.model.name, record.model.version, record.threshold) == ("parcels", "1", 0.5)
    (asked,) = record.asked
    assert (asked.request, asked.principal, asked.rows, asked.first) == ("mine", "ada", 1, 0)
    assert scores(record) == [0.25]
    assert record.segments == {"depot": ["north"], "insured": ["true"], "nowhere": [None]}


async def test_every_protocol_is_kept(dataplane: Dataplane, tmp_path: Path) -> None:
    settings = observed(tmp_path)
    async with fed(dataplane, settings) as service:
        await service.predict("a", EXAMPLE)
        batch = {"instances": [EXAMPLE, EXAMPLE | {"weight": 100}]}
        for accept in ("application/json", "application/x-ndjson"):
            headers = {"accept": accept, "x-request-id": accept[-4:]}
            await service.client.post("/predict/batch", json=batch, headers=headers)
        await service.client.post(INFER, json={"inputs": tensors([EXAMPLE])})
        guards = Guards(recorders=service.guards.recorders)
        async with (
            streaming(tmp_path / "other", guards=guards) as served,
            stream(served.url) as socket,
        ):
            await socket.ask("mine", EXAMPLE)

    kept = records(settings[0])
    assert [scores(one) for one in kept] == [
        *([0.25], [0.25, pytest.approx(0.1)], [0.25, pytest.approx(0.1)], [0.25], [0.25])
    ]
    assert isinstance(kept[-1], Predicted)
    assert kept[-1].asked[0].id == "mine"


async def test_what_is_refused_is_kept_unless_anybody_can_cause_it(
    dataplane: Dataplane, tmp_path: Path
) -> None:
    settings = observed(tmp_path)
    async with fed(dataplane, settings, several=True) as service:
        await service.predict("unread", EXAMPLE | {"weight": "heavy"}, "ada")
        await service.predict("nobody's", EXAMPLE)
        await service.client.get("/models/none", headers={"authorization": "ada"})

    (record,) = records(settings[0])
    assert record == Refused(record.at_us, "unread", "ada")


async def test_a_message_without_a_row_refuses_no_row_of_its_stream(
    dataplane: Dataplane, tmp_path: Path
) -> None:
    settings = observed(tmp_path)
    async with fed(dataplane, settings) as service:
        guards = Guards(recorders=service.guards.recorders)
        async with (
            streaming(tmp_path / "other", guards=guards) as served,
            stream(served.url) as socket,
        ):
            await socket.socket.send("no JSON")
            assert "error" in await socket.answer()
            await socket.ask("wrong", EXAMPLE | {"weight": -1})

    (record,) = records(settings[0])
    assert isinstance(record, Refused)
    assert record.id == "wrong"


@pytest.mark.parametrize("durability", ["write", "fsync"])
async def test_beside_another_record_it_refuses_an_answer_that_it_cannot_keep(
    dataplane: Dataplane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durability: str
) -> None:
    journal = {"unwritable": "refuse", "durability": durability}
    predictions, _ = observed(tmp_path, {"journal": journal})
    recorder = PredictionRecorder(predictions, anonymous=True)
    guards = Guards(recorders=[HeldAuditor(), recorder])
    await guards.start()
    transport = httpx.ASGITransport(Application(dataplane, EdgeArgs(), guards=guards))
    async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
        assert (await client.post("/predict", json=EXAMPLE)).status_code == 200
        monkeypatch.setattr(os, "writev", _full)
        answer = await client.post("/predict", json=EXAMPLE)
        monkeypatch.undo()
    await guards.close()

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unrecorded")
    assert len(records(predictions)) == 1


def _full(*_: Any) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    ("settings", "outputs", "expected"),
    [
        ({}, [("kind", "int64", []), ("late", "float32", [])], "late"),
        ({"output": "cost"}, [("late", "float32", []), ("cost", "float64", [])], "cost"),
        ({"label": "yes"}, [("risk", "float32", [2]), ("late", "float32", [])], "risk"),
        ({"label": 0}, [("risk", "float32", [2])], "risk"),
    ],
)
def test_the_score_is_the_output_that_is_one(
    settings: dict[str, Any], outputs: list[tuple[str, str, list[int]]], expected: str
) -> None:
    score = Score(PredictionsSettings(**settings), _manifest(outputs))

    columns = {
        name: np.arange(6, dtype=float).reshape(3, 2) if shape else np.full(3, len(name))
        for name, _, shape in outputs
    }
    place = {"yes": 1, 0: 0}.get(settings.get("label", ""))
    wanted = columns[expected] if place is None else columns[expected][:, place]
    assert score.of(columns).tolist() == wanted.tolist()


@pytest.mark.parametrize(
    ("settings", "outputs"),
    [
        ({}, [("kind", "int64", []), ("risk", "float32", [2])]),
        ({"output": "none"}, [("late", "float32", [])]),
        ({"output": "kind"}, [("kind", "int64", [])]),
        ({"label": "maybe"}, [("risk", "float32", [2])]),
        ({"label": 2}, [("risk", "float32", [2])]),
        ({"label": "yes"}, [("late", "float32", [])]),
    ],
)
def test_where_there_is_no_score_it_says_what_there_is(
    settings: dict[str, Any], outputs: list[tuple[str, str, list[int]]]
) -> None:
    with pytest.raises(NoScore, match="it has"):
        Score(PredictionsSettings(**settings), _manifest(outputs))


@pytest.mark.parametrize(
    ("given", "metrics", "expected"),
    [(None, {}, 0.5), (None, {"threshold": 0.2}, 0.2), (0.7, {"threshold": 0.2}, 0.7)],
)
def test_the_threshold_is_the_configs_or_the_bundles(
    given: float | None, metrics: dict[str, Any], expected: float
) -> None:
    manifest = parcels().model_copy(update={"metrics": metrics})

    assert Score(PredictionsSettings(threshold=given), manifest).threshold == expected


async def test_predictions_without_a_score_are_counted(
    dataplane: Dataplane, tmp_path: Path
) -> None:
    settings = observed(tmp_path, {"output": "none"})
    async with fed(dataplane, settings) as service:
        answer = await service.predict("a", EXAMPLE)
        assert answer.is_success
        assert any("no output 'none'" in problem for problem in service.guards.problems())
        await service.tell({"request_id": "a", "outcome": True})
        assert service.counted() == {"joined": 1}
    assert np.isnan(scores(records(settings[0])[0])).all()


async def test_a_restart_goes_on_where_it_was(dataplane: Dataplane, tmp_path: Path) -> None:
    settings = observed(tmp_path)
    told: Callable[[Fed, str], Any] = lambda service, name: service.tell(  # noqa: E731
        {"request_id": name, "outcome": True, "early": True}
    )
    async with fed(dataplane, settings) as service:
        await service.predict("a", EXAMPLE)
        await told(service, "b")
        service.index().close()
    async with fed(dataplane, settings) as service:
        await told(service, "a")
        await service.predict("b", EXAMPLE)
        assert service.counted() == {"joined": 2}


def test_both_are_off_by_default() -> None:
    guards = guards_of(EdgeArgs(auth=False))
    assert guards.feedback is None
    assert not [one for one in guards.recorders if isinstance(one, PredictionRecorder)]


def test_outcomes_without_predictions_are_refused() -> None:
    with pytest.raises(ValueError, match="predictions"):
        EdgeArgs.model_validate({"observability": {"feedback": {}}})


def _manifest(outputs: list[tuple[str, str, list[int]]]) -> Any:
    specs = [
        OutputSpec(name=name, dtype=dtype, shape=shape, labels=["no", "yes"] if shape else None)
        for name, dtype, shape in outputs
    ]
    return parcels().model_copy(update={"outputs": specs})
