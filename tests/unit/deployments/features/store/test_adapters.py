"""Online stores whose answers cannot be right are refused at the start, in one sentence."""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import feast.infra.online_stores
import pytest
import yaml

from deployments.features.lookup import open_store
from deployments.features.plan import ServiceError
from deployments.features.store.adapters import REFUSED, online_read

AT = datetime(2024, 3, 1, 12)


def repo(folder: Path, **online_store: Any) -> Path:
    document = {
        "project": "shop",
        "provider": "local",
        "registry": "registry.db",
        "online_store": online_store,
        "entity_key_serialization_version": 3,
    }
    (folder / "feature_store.yaml").write_text(yaml.safe_dump(document))
    return folder


def stand_in(adapter: str, told: datetime | None = None) -> Any:
    """A store by an adapter whose server or client is not here, which gives one row."""
    provider = SimpleNamespace(
        online_store=type(adapter, (), {})(), online_read=lambda *_: [(told, {"price": 1})]
    )
    config = SimpleNamespace(online_store=SimpleNamespace(type=adapter))
    return SimpleNamespace(config=config, provider=provider)


@pytest.mark.parametrize(
    "online_store",
    [
        {"type": "chronon", "path": "http://127.0.0.1:1"},
        {"type": "hybrid", "online_stores": [{"type": "sqlite", "conf": {"path": "a.db"}}]},
    ],
    ids=lambda one: str(one["type"]),
)
def test_a_store_whose_answers_cannot_be_right_is_refused(
    tmp_path: Path, online_store: dict[str, Any]
) -> None:
    with pytest.raises(ServiceError) as refused:
        open_store(repo(tmp_path, **online_store), None)

    kind = online_store["type"]
    assert str(refused.value).startswith(f"the online store {kind!r} cannot be served from: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("adapter", REFUSED)
def test_so_is_what_extends_it(adapter: str) -> None:
    store = stand_in(adapter)
    store.provider.online_store = type("Ours", (type(store.provider.online_store),), {})()

    with pytest.raises(ServiceError, match=re.escape(REFUSED[adapter])):
        online_read(store)


def test_feast_has_all_that_are_refused() -> None:
    sources = Path(feast.infra.online_stores.__path__[0]).rglob("*.py")
    defined = {name for path in sources for name in re.findall(r"class (\w+)", path.read_text())}
    assert defined >= REFUSED.keys()


def test_a_store_whose_client_is_not_installed_is_named(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="mysql") as refused:
        open_store(repo(tmp_path, type="mysql"), None)

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "online_store",
    [
        {"type": "sqlite"},
        {"type": "redis"},
        {"type": "remote"},
        {"type": "postgres"} | dict.fromkeys(["host", "database", "user", "password"], "any"),
    ],
    ids=lambda one: str(one["type"]),
)
def test_the_others_are_not(tmp_path: Path, online_store: dict[str, Any]) -> None:
    assert open_store(repo(tmp_path, **online_store), None).project == "shop"


@pytest.mark.parametrize(
    ("adapter", "told", "at"),
    [
        ("MySQLOnlineStore", AT, AT.replace(tzinfo=UTC)),
        ("MySQLOnlineStore", AT.replace(tzinfo=UTC), AT.replace(tzinfo=UTC)),
        (
            "DynamoDBOnlineStore",
            AT.replace(tzinfo=timezone(timedelta(hours=2))),
            AT.replace(tzinfo=UTC) - timedelta(hours=2),
        ),
        (
            "PostgreSQLOnlineStore",
            AT.replace(tzinfo=timezone(timedelta(hours=-5))),
            AT.replace(tzinfo=UTC),
        ),
        ("MySQLOnlineStore", None, None),
    ],
    ids=["naive", "utc", "another-zone", "postgres", "none"],
)
def test_times_are_utc_whatever_the_adapter_says(
    adapter: str, told: datetime | None, at: datetime | None
) -> None:
    """For adapters whose servers cannot run here, what they answer stands in."""
    view: Any = SimpleNamespace(view=None, features={})

    assert online_read(stand_in(adapter, told))(view, []) == [(at, {"price": 1})]
