import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
import yaml

from app.asgi import Application
from app.config import EdgeArgs, GraphArgs
from app.edge.guards import Guards
from app.serving.dataplane import Dataplane
from tests.support.audited import recording
from tests.support.manifests import EXAMPLE
from tests.unit.app.cli.conftest import Windsock


@pytest.fixture
async def config(tmp_path: Path, dataplane: Dataplane) -> Path:
    """The config of a service that has answered three requests, and refused one."""
    args: dict[str, Any] = {
        "model": {"name": "parcels", "directory": str(tmp_path)},
        "audit": {
            "journal": {
                "directory": "log",
                "seals": {"directory": "seals", "key": {"file": "seals.key"}},
            },
            "personal": {"subject": "depot", "keys": "subjects.db"},
        },
    }
    document = {"applications": [{"import_path": "app.graph:build", "args": args}]}
    config = tmp_path / "serve_config.yaml"
    config.write_text(yaml.safe_dump(document))
    settings = GraphArgs.model_validate(args, context=tmp_path).audit
    assert settings is not None
    async with recording(settings) as log:
        app = Application(dataplane, EdgeArgs(), guards=Guards(recorders=[log]))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
            for depot in ("north", "south", "north"):
                await client.post(
                    "/predict", json=EXAMPLE | {"depot": depot}, headers={"x-request-id": depot}
                )
            await client.post("/predict", json={})
    return config


def test_it_finds_who_was_told_what(windsock: Windsock, config: Path) -> None:
    found = windsock("audit", "search", "--config", config, "--request", "south")

    assert found.exit_code == 0, found.output
    (entry,) = map(json.loads, found.stdout.splitlines())
    assert (entry["request"], entry["outcome"]) == ("south", "answered")
    assert entry["rows"][0]["outputs"] == {"late": 0.25, "cost": 500.0}
    assert entry["rows"][0]["features"]["load"] == {"status": "fresh", "age_s": 60.0}


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ([], 4),
        (["--subject", "north"], 2),
        (["--row", json.dumps(EXAMPLE)], 2),
        (["--outcome", "missing_field"], 1),
        (["--model", "parcels", "--version", "1"], 3),
        (["--until", "2020-01-01"], 0),
        (["--since", "2020-01-01T00:00:00"], 4),
    ],
)
def test_it_finds_what_is_asked_for(
    windsock: Windsock, config: Path, asked: list[str], count: int
) -> None:
    found = windsock("audit", "search", "--config", config, *asked)

    assert found.exit_code == 0, found.output
    assert len(found.stdout.splitlines()) == count


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("nonsense", "no version of parcels takes this row: "),
        ("[]", "no version of parcels takes this row: "),
        (json.dumps(EXAMPLE | {"depto": "north"}), "depto"),
    ],
)
def test_what_is_no_row_is_refused_and_not_found_nowhere(
    windsock: Windsock, config: Path, row: str, why: str
) -> None:
    refused = windsock("audit", "search", "--config", config, "--row", row)

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert why in refused.stderr


def test_a_journal_that_is_deleted_whole_is_told(windsock: Windsock, config: Path) -> None:
    shutil.rmtree(config.parent / "log")

    told = windsock("audit", "verify", "--config", config)
    assert told.exit_code == 1
    assert "deleted" in told.stdout

    shutil.rmtree(config.parent / "seals")
    for command in (["verify"], ["search"], ["export", config.parent / "new.parquet"]):
        there_is_none = windsock("audit", *command, "--config", config)
        assert there_is_none.exit_code == 2
        assert "there is no journal at" in there_is_none.stderr


def test_a_key_that_is_not_there_is_named(windsock: Windsock, config: Path) -> None:
    nowhere = config.parent / "nowhere.pub"

    refused = windsock("audit", "verify", "--config", config, "--public-key", nowhere)

    assert (refused.exit_code, refused.stderr) == (2, f"{nowhere} is not there\n")


def test_an_erased_subject_is_found_no_more_and_the_log_verifies(
    windsock: Windsock, config: Path
) -> None:
    assert windsock("audit", "erase", "north", "--config", config).exit_code == 0

    found = windsock("audit", "search", "--config", config, "--subject", "north")
    assert found.exit_code == 2
    assert "was erased" in found.stderr
    assert windsock("audit", "erase", "north", "--config", config).exit_code == 1
    assert windsock("audit", "verify", "--config", config).exit_code == 0


def test_what_was_changed_is_told(windsock: Windsock, config: Path) -> None:
    sound = windsock("audit", "verify", "--config", config)
    assert sound.exit_code == 0, sound.output
    assert "4 records: sound" in sound.stdout

    (segment,) = config.parent.glob("log/*/*.segment")
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    forged = windsock("audit", "verify", "--config", config)
    assert forged.exit_code == 1
    assert "NOT as it was written" in forged.stdout


def test_parquet_has_a_line_for_each_row(windsock: Windsock, config: Path) -> None:
    to = config.with_name("audit.parquet")

    assert windsock("audit", "export", to, "--config", config).exit_code == 0
    lines = pq.read_table(to).to_pylist()
    assert [line["request"] for line in lines[:3]] == ["north", "south", "north"]
    assert json.loads(lines[0]["outputs"]) == {"late": 0.25, "cost": 500.0}
    assert lines[0]["features"][0] == {"view": "load", "status": "fresh", "age_s": 60.0}
    assert (lines[3]["row"], lines[3]["error"]) == (None, "missing_field")
    again = windsock("audit", "export", to, "--config", config)
    assert (again.exit_code, again.stderr) == (2, f"{to} is there already\n")


def test_a_service_that_records_nothing_is_named(windsock: Windsock, config: Path) -> None:
    document = yaml.safe_load(config.read_text())
    del document["applications"][0]["args"]["audit"]
    config.write_text(yaml.safe_dump(document))

    told = windsock("audit", "search", "--config", config)
    assert told.exit_code == 2
    assert "it has no `audit`" in told.stderr
