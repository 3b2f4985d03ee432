"""Whom rows are about is told by keyed hashes alone; who erases a key erases the subject."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from app.asgi import Application
from app.audit.search import NoSubjects, Wanted, about_subject, for_row, search
from app.audit.settings import AuditSettings
from app.audit.subjects import SubjectKeys
from app.config import EdgeArgs
from app.edge.guards import Guards
from app.serving.dataplane import Dataplane
from tests.support.audited import audit_settings, recorded, recording
from tests.support.journals import contents, verified
from tests.support.manifests import EXAMPLE

SOUTH = EXAMPLE | {"depot": "south"}


@asynccontextmanager
async def _client(
    dataplane: Dataplane, settings: AuditSettings
) -> AsyncIterator[httpx.AsyncClient]:
    async with recording(settings) as log:
        app = Application(dataplane, EdgeArgs(), guards=Guards(recorders=[log]))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
            yield client


async def test_subjects_are_found_by_their_key_and_not_without(
    tmp_path: Path, dataplane: Dataplane
) -> None:
    settings = audit_settings(tmp_path, {"subject": "depot", "outputs": ["cost"]})
    async with _client(dataplane, settings) as client:
        for row in (EXAMPLE, SOUTH, EXAMPLE):
            await client.post("/predict", json=row)
        await client.post("/predict", json={"depot": "nobody knows this one"})

    found = [*search(settings, Wanted(about=about_subject(settings, "north")))]
    assert len(found) == 2
    subjects = [row.subject for entry in recorded(settings) for row in entry.rows]
    assert subjects[0] == subjects[2] != subjects[1]
    outputs = [row.outputs for entry in recorded(settings) for row in entry.rows]
    assert outputs[0]["late"] == 0.25
    assert outputs[0]["cost"] == outputs[2]["cost"] != outputs[1]["cost"]
    assert len(outputs[0]["cost"]) == 64
    raw = b"".join(contents(settings.journal))
    for said in (b"north", b"south", b"nobody knows", b"500.0"):
        assert said not in raw
        assert said not in (tmp_path / "subjects.db").read_bytes()


async def test_a_row_is_found_again(tmp_path: Path, dataplane: Dataplane) -> None:
    body = httpx.Request("POST", "http://x", json=EXAMPLE).content
    for name, personal in (("plain", None), ("keyed", {"subject": "depot"})):
        settings = audit_settings(tmp_path / name, personal)
        async with _client(dataplane, settings) as client:
            await client.post("/predict/batch", json={"instances": [SOUTH, EXAMPLE]})
            await client.post("/predict", json=SOUTH)

        about = for_row(settings, dataplane.bundles, "parcels", body)
        (found,) = search(settings, Wanted(about=about))
        assert found.route == "/predict/batch"


async def test_an_erased_subject_is_nobody_and_the_log_is_sound(
    tmp_path: Path, dataplane: Dataplane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.audit.subjects._LOOK_S", 0.0)
    settings = audit_settings(tmp_path, {"subject": "depot"})
    async with _client(dataplane, settings) as client:
        await client.post("/predict", json=EXAMPLE)
        keys = SubjectKeys(tmp_path / "subjects.db")
        before = keys.find("north")
        assert keys.erase("north")
        assert not keys.erase("north")
        with pytest.raises(NoSubjects):
            about_subject(settings, "north")
        await client.post("/predict", json=EXAMPLE)
        assert keys.find("north") != before
        keys.close()

    assert verified(settings.journal).sound
    first, second = (row.subject for entry in recorded(settings) for row in entry.rows)
    assert first != second
    assert len([*search(settings, Wanted(about=about_subject(settings, "north")))]) == 1
    for file in tmp_path.glob("subjects.db*"):
        assert before is not None
        assert before not in file.read_bytes(), f"{file.name} still has the key"


async def test_a_model_without_the_subject_is_not_answered(
    tmp_path: Path, dataplane: Dataplane
) -> None:
    settings = audit_settings(tmp_path, {"subject": "customer"})
    async with recording(settings) as log:
        app = Application(dataplane, EdgeArgs(), guards=Guards(recorders=[log]))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
            answer = await client.post("/predict", json=EXAMPLE)
        (problem,) = log.problems()

    assert answer.json()["error"]["code"] == "unrecorded"
    assert "'customer'" in problem


def test_replicas_share_the_key_that_one_has_made(tmp_path: Path) -> None:
    first, second = (SubjectKeys(tmp_path / "subjects.db") for _ in range(2))

    assert first.keys(["a", "b", 7]) == second.keys(["a", "b", 7])
    assert len({*first.keys(["a", "b", 7, "7"])}) == 4
    assert (tmp_path / "subjects.db").stat().st_mode & 0o077 == 0
