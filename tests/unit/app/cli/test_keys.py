"""`windsock keys` on a config file of its own."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from typer.testing import Result

from app.access.key import id_of, is_whole
from app.access.key_file import KeyRecord, read
from app.access.keys import Keys
from app.access.principal import Limit, Scope
from app.serving.errors import Unauthenticated
from tests.unit.app.cli.conftest import Windsock

On = Callable[..., Result]


@pytest.fixture
def on(windsock: Windsock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> On:
    """`windsock keys` with these arguments, in the folder of a config."""
    monkeypatch.chdir(tmp_path)
    document = {"applications": [{"import_path": "app.graph:build", "args": {}}]}
    Path("serve_config.yaml").write_text(yaml.safe_dump(document))
    return lambda *arguments: windsock("keys", *arguments)


def made(result: Result) -> str:
    assert result.exit_code == 0, result.output
    key = result.stdout.removesuffix("\n")
    assert is_whole(key)  # nothing else stands there
    return key


def record(key: str) -> KeyRecord:
    (found,) = (one for one in read(Path(".windsock/keys.json")) if one.id == id_of(key))
    return found


def counts(key: str) -> bool:
    held = Keys(Path(".windsock/pepper").read_bytes().strip(), read(Path(".windsock/keys.json")))
    try:
        return bool(held.principal(key.encode()))
    except Unauthenticated:
        return False


def test_a_key_is_shown_once_and_counts(on: On) -> None:
    key = made(on("create", "shop"))

    assert counts(key)
    assert record(key).who.scopes == {Scope.PREDICT}
    listed = on("list").output
    assert id_of(key) in listed
    assert "shop" in listed
    assert "never" in listed
    secret = key.rpartition("_")[2]
    for text in (listed, *(one.read_text() for one in Path(".windsock").iterdir())):
        assert secret not in text
        assert record(key).hash not in listed


def test_all_that_it_may_is_kept(on: On) -> None:
    key = made(
        on(
            *("create", "board", "--scope", "jobs", "--scope", "admin", "--expires", "90d"),
            *(
                "--limit",
                "name=second,quota=100",
                "--limit",
                "name=day,quota=9,unit=rows,window_s=60",
            ),
        )
    )

    found = record(key)
    assert found.who.scopes == {Scope.JOBS, Scope.ADMIN}
    assert found.limits[0] == Limit(name="second", quota=100)
    assert found.limits[1] == Limit(name="day", quota=9, unit="rows", window_s=60)
    assert found.expires is not None
    assert timedelta(days=90) - (found.expires - datetime.now(UTC)) < timedelta(minutes=1)
    assert "day:9/60s rows" in on("list").output


def test_a_date_is_the_last_day(on: On) -> None:
    assert record(made(on("create", "a", "--expires", "2099-01-31"))).expires == datetime(
        2099, 2, 1, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("create", "a b"), "principal"),
        (("create", "a", "--scope", "root"), "there are predict, feedback"),
        (("create", "a", "--expires", "soon"), "90d, 12h or 30m"),
        (("create", "a", "--expires", "2020-01-31"), "is over"),
        (("create", "a", "--limit", "second"), "name=second,quota=100"),
        (("create", "a", "--limit", "name=second"), "quota"),
        (("create", "a", "--limit", "name=second,quota=0"), "quota"),
        (("rotate", "a", "--overlap", "1"), "90d, 12h or 30m"),
    ],
)
def test_a_wrong_use_is_told(on: On, arguments: tuple[str, ...], why: str) -> None:
    refused = on(*arguments)

    assert refused.exit_code == 2
    assert why in " ".join(refused.stderr.replace("│", " ").split())
    assert not Path(".windsock/keys.json").exists()


def test_a_key_is_rotated_with_overlap(on: On) -> None:
    old = made(on("create", "shop", "--scope", "jobs", "--limit", "name=second,quota=100"))
    new = made(on("rotate", id_of(old), "--overlap", "2h"))

    assert counts(old)
    assert counts(new)
    assert record(new).scopes == record(old).scopes == (Scope.JOBS,)
    assert record(new).limits == record(old).limits == (Limit(name="second", quota=100),)
    assert record(new).principal == "shop"
    assert record(new).expires is None
    end = record(old).expires
    assert end is not None
    assert timedelta(hours=2) - (end - datetime.now(UTC)) < timedelta(minutes=1)


def test_one_that_ends_gets_one_that_lasts_as_long_and_no_more_time(on: On) -> None:
    old = made(on("create", "shop", "--expires", "30m"))
    before = record(old)
    new = record(made(on("rotate", id_of(old), "--overlap", "7d")))

    assert before.expires is not None
    assert new.expires is not None
    assert record(old).expires == before.expires
    assert new.expires - new.created == before.expires - before.created


def test_rotating_without_overlap_ends_the_old_one(on: On) -> None:
    old = made(on("create", "shop"))
    made(on("rotate", id_of(old), "--overlap", "0m"))

    assert not counts(old)
    assert "expired" in on("list").output


def test_a_key_is_revoked_by_its_id_or_by_itself(on: On) -> None:
    one, other = made(on("create", "shop")), made(on("create", "shop"))

    assert on("revoke", id_of(one)).exit_code == 0
    assert on("revoke", other).exit_code == 0

    assert not counts(one)
    assert not counts(other)
    assert read(Path(".windsock/keys.json")) == ()


def test_the_local_key_is_made_where_there_is_none(on: On) -> None:
    path = Path(on("local").stdout.strip())

    assert path == Path(".windsock/key").absolute()
    assert counts(path.read_text().strip())
    assert on("local").stdout.strip() == str(path)


def test_it_is_not_made_beside_others(on: On) -> None:
    made(on("create", "shop"))
    refused = on("local")

    assert refused.exit_code == 1
    assert "there are keys already" in refused.stderr


@pytest.mark.parametrize("arguments", [("revoke", "nobody"), ("rotate", "nobody"), ("list",)])
def test_what_cannot_be_done_is_told_in_a_sentence(on: On, arguments: tuple[str, ...]) -> None:
    if arguments == ("list",):
        Path("serve_config.yaml").unlink()
    refused = on(*arguments)

    assert refused.exit_code == 1
    assert refused.stderr.startswith("windsock keys: ")
    assert refused.stderr.count("\n") == 1
