from pathlib import Path

import pytest

from app.doors.tls.settings import TlsSettings
from tests.support.certificates import Authority


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def settings(authority: Authority, tmp_path: Path) -> TlsSettings:
    """A certificate of it for this machine."""
    certificate, key = authority.signs().written(tmp_path)
    return TlsSettings(certificate=certificate, key=key)
