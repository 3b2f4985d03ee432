import pytest

from app.serving import watch as module


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time limits of a probe that a test can wait for, and no pause between two."""
    monkeypatch.setattr(module, "_LIMIT_S", 0.05)
    monkeypatch.setattr(module, "_IDLE_S", 0.0)
