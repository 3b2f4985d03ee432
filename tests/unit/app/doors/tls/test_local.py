"""A certificate for this machine."""

import socket
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import app.doors.tls.local as module
from app.doors.tls.local import local
from app.doors.tls.material import read
from tests.support.tls import shown, tls_front


async def test_a_client_that_trusts_the_authority_is_served(tmp_path: Path) -> None:
    settings, authority = local(tmp_path / "tls", "192.0.2.7")

    assert {"localhost", "127.0.0.1", "::1", socket.gethostname(), "192.0.2.7"} == {
        *read(settings).names
    }
    context = ssl.create_default_context(cafile=str(authority))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    async with tls_front(settings) as (port, _):
        assert await shown(port, context)
        with pytest.raises(ssl.SSLCertVerificationError):
            await shown(port, ssl.create_default_context())


def test_nobody_else_reads_the_key_and_the_authoritys_is_nowhere(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    local(folder, "127.0.0.1")

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"ca.pem": 0o644, "certificate.pem": 0o644, "key.pem": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [p.name for p in folder.iterdir() if b"PRIVATE" in p.read_bytes()] == ["key.pem"]


def test_it_stays_until_its_last_month(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = local(tmp_path, "127.0.0.1")[0].certificate.read_bytes()
    assert local(tmp_path, "127.0.0.1")[0].certificate.read_bytes() == first
    assert (other := local(tmp_path, "10.1.2.3")[0].certificate.read_bytes()) != first

    monkeypatch.setattr(module, "_LEFT", timedelta(days=366))
    settings, _ = local(tmp_path, "10.1.2.3")
    assert settings.certificate.read_bytes() != other
    assert read(settings).until > datetime.now(UTC) + timedelta(days=364)
    (tmp_path / "key.pem").write_bytes(b"")
    assert read(local(tmp_path, "10.1.2.3")[0])
