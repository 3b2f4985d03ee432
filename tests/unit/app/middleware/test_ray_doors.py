import pytest
from ray import serve

from app.middleware.early_refusal import EarlyRefusal
from app.middleware.ray_doors import middlewares
from app.middleware.sound_headers import SoundHeaders


def test_a_proxy_refuses_early() -> None:
    assert [one.cls for one in middlewares()] == [SoundHeaders, EarlyRefusal]


def test_a_replica_refuses_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "get_replica_context", object)

    assert [one.cls for one in middlewares()] == [SoundHeaders]
