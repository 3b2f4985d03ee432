"""What the front says of its certificates."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from app.doors.tls.certificates import Certificates
from app.doors.tls.settings import BadTls, TlsSettings
from tests.support.certificates import HOUR, Authority

DAY = timedelta(days=1)

Made = Callable[[timedelta], tuple[Certificates, list[str]]]


@pytest.fixture
def made(authority: Authority, tmp_path: Path) -> Made:
    """Those of a certificate that ends in so long, before no HAProxy, and what they say."""
    folder = tmp_path / "front"
    folder.mkdir()

    def make(ends: timedelta) -> tuple[Certificates, list[str]]:
        certificate, key = authority.signs(ends=ends).written(tmp_path)
        settings, said = TlsSettings(certificate=certificate, key=key), list[str]()
        made = Certificates(settings, folder, str(folder / "control.sock"), said.append)
        assert said.pop().startswith("TLS with the certificate for localhost, 127.0.0.1, until 2")
        return made, said

    return make


async def test_an_end_that_is_near_is_told_once_a_day(made: Made) -> None:
    certificates, said = made(30 * DAY)
    now = datetime.now(UTC)
    for hours in range(0, 33 * 24, 6):
        await certificates.look(now + hours * HOUR)

    days = [int(line.split(" ends in ")[1].split()[0]) for line in said if " ends in " in line]
    assert days == [*range(20, -1, -1)]
    assert said[0].startswith("TLS: what holds until 2")
    assert said[0].endswith(" UTC ends in 20 days: renew it")
    # Past it the file itself is told of, once, and what it means each day.
    after = [line for line in said if " ends in " not in line]
    assert [line.endswith("clients refuse it") for line in after].count(True) == 3
    assert sum("has expired on" in line for line in after) == 1
    assert len(after) == 4


async def test_a_pair_that_is_half_written_is_waited_for(
    made: Made, authority: Authority, tmp_path: Path
) -> None:
    certificates, said = made(100 * DAY)
    now = datetime.now(UTC)
    renewed = authority.signs(ends=100 * DAY)
    (tmp_path / "server.pem").write_bytes(renewed.pem)
    await certificates.look(now)
    assert said == []
    await certificates.look(now)
    assert len(said) == 1
    assert "the key is of another certificate than" in said[0]


def test_it_does_not_begin_with_files_that_cannot_be_taken(
    authority: Authority, tmp_path: Path
) -> None:
    certificate, key = authority.signs(ends=-HOUR).written(tmp_path)
    settings = TlsSettings(certificate=certificate, key=key)
    with pytest.raises(BadTls, match="has expired on"):
        Certificates(settings, tmp_path, "", lambda _: None)


def test_nobody_else_reads_the_fronts_copy(made: Made, tmp_path: Path) -> None:
    made(HOUR)
    copies = [*(tmp_path / "front").iterdir()]
    assert [(one.name, one.stat().st_mode & 0o777) for one in copies] == [
        ("certificate.pem", 0o600)
    ]


def test_a_key_that_others_may_read_is_told(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.signs().written(tmp_path)
    key.chmod(0o644)
    said: list[str] = []
    with TemporaryDirectory() as folder:
        settings = TlsSettings(certificate=certificate, key=key)
        Certificates(settings, Path(folder), "", said.append)
    assert said[1:] == [f"{key}: others on this machine may read the key (mode 644)"]
