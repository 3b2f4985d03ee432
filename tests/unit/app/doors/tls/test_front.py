"""What the front speaks with TLS, and to whom."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from app.doors.lanes import Address
from app.doors.tls.settings import YEAR_S, TlsSettings
from tests.support.certificates import Authority
from tests.support.http1 import Connection
from tests.support.replicas import Busy, lane_of
from tests.support.serve import free_port
from tests.support.tls import answering, shown, tls_front


@pytest.fixture
async def lane() -> AsyncIterator[Address]:
    async with answering() as lane:
        yield lane


@pytest.fixture
def ca(authority: Authority, tmp_path: Path) -> str:
    file = tmp_path / "ca.pem"
    file.write_bytes(authority.pem)
    return str(file)


async def curl(*arguments: str) -> tuple[list[str], str]:
    """Lines of the last head, and the body."""
    process = await asyncio.create_subprocess_exec(
        "curl", "-sS", "-i", "--noproxy", "*", *arguments, stdout=subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    head, _, body = out.decode().replace("\r", "").partition("\n\n")
    return head.splitlines(), body


async def answered(port: int, ca: str, *arguments: str) -> tuple[list[str], str]:
    """Once a replica does."""
    url = f"https://localhost:{port}/predict"
    async with asyncio.timeout(30):
        while True:
            head, body = await curl("--cacert", ca, *arguments, "-d", "x", url)
            if " 503" not in head[0]:
                return head, body
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("spoken", "first"), [("--http2", "HTTP/2 200 "), ("--http1.1", "HTTP/1.1 200 OK")]
)
async def test_it_speaks_both_forms_of_http_and_says_to_stay(
    settings: TlsSettings, lane: Address, ca: str, spoken: str, first: str
) -> None:
    async with tls_front(settings, [lane]) as (port, _):
        head, body = await answered(port, ca, spoken)

    assert (head[0], body) == (first, "answered")
    assert f"strict-transport-security: max-age={YEAR_S}" in head


async def test_where_it_is_not_to_say_so_it_does_not(
    settings: TlsSettings, lane: Address, ca: str
) -> None:
    async with tls_front(replace(settings, hsts_s=0), [lane]) as (port, _):
        head, _ = await answered(port, ca)
    assert not any("strict-transport" in line for line in head)


async def test_its_own_errors_say_to_stay_too(settings: TlsSettings, ca: str) -> None:
    async with tls_front(settings) as (port, _):
        head, _ = await curl("--cacert", ca, f"https://localhost:{port}/health/ready")
    assert head[0] == "HTTP/2 503 "
    assert f"strict-transport-security: max-age={YEAR_S}" in head


async def test_without_a_door_for_grpc_it_says_so_in_its_form(
    settings: TlsSettings, ca: str
) -> None:
    async with tls_front(settings) as (port, _):
        asked = ("--cacert", ca, "-H", "content-type: application/grpc")
        head, _ = await curl(*asked, f"https://localhost:{port}/a.B/C")
    assert head[0] == "HTTP/2 200 "
    assert {"content-type: application/grpc", "grpc-status: 14"} <= {*head}


def only(version: ssl.TLSVersion, ciphers: str, authority: Authority) -> ssl.SSLContext:
    """A client of this version alone, with these ciphers."""
    context = authority.trusted()
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = version
    return context


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_what_is_older_or_weaker_is_refused(
    settings: TlsSettings, authority: Authority
) -> None:
    async with tls_front(settings) as (port, _):
        for version, ciphers in (
            (ssl.TLSVersion.TLSv1, "ALL"),
            (ssl.TLSVersion.TLSv1_1, "ALL"),
            (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA256"),  # CBC
            (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA"),
        ):
            with pytest.raises(ssl.SSLError, match="ALERT"):
                await shown(port, only(version, ciphers, authority))
        assert await shown(port, only(ssl.TLSVersion.TLSv1_2, "ECDHE+AESGCM", authority))
        assert await shown(port, authority.trusted())


async def test_who_speaks_no_tls_is_not_answered(settings: TlsSettings) -> None:
    async with tls_front(settings) as (port, _), Connection.to(port) as connection:
        connection.send("/predict", b"x")
        assert await connection.rest() == b""


async def test_streams_come_through(settings: TlsSettings, authority: Authority) -> None:
    replica, lane = Busy(), free_port()
    async with (
        lane_of(replica, "127.0.0.1", lane),
        tls_front(settings, [("127.0.0.1", lane)]) as (port, _),
        asyncio.timeout(30),
    ):
        url, opened = f"wss://localhost:{port}/predict/stream", None
        while opened is None:
            with suppress(Exception):
                opened = await connect(url, ssl=authority.trusted(), proxy=None)
        await opened.close()


@pytest.mark.parametrize("host", ["a.example", "a.example:80", "[::1]:80"])
async def test_plain_http_is_sent_on(settings: TlsSettings, host: str) -> None:
    plain = free_port()
    asked = replace(settings, redirect=f"127.0.0.1:{plain}")
    async with tls_front(asked) as (port, _), Connection.to(plain) as connection:
        connection.write(f"POST /predict?a=1 HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
        answer = await connection.answer()
    bare = host.removesuffix(":80")
    assert answer.status == 308
    assert answer.headers["location"] == f"https://{bare}:{port}/predict?a=1"


async def test_clients_show_certificates_of_their_own(
    settings: TlsSettings, authority: Authority, tmp_path: Path
) -> None:
    clients, revoked = tmp_path / "clients.pem", tmp_path / "revoked.pem"
    theirs = Authority("clients")
    clients.write_bytes(theirs.pem)
    first, second = theirs.signs(()), theirs.signs(())
    revoked.write_bytes(theirs.revokes())
    known = [one.written(tmp_path, f"client{n}") for n, one in enumerate((first, second))]
    strangers = authority.signs(()).written(tmp_path, "stranger")
    asked = replace(settings, client_ca=clients, client_crl=revoked)

    async def let_in(port: int, client: Sequence[Path] | None) -> bool:
        context = authority.trusted(client and tuple(client))  # type: ignore[arg-type]
        try:
            async with Connection.to(port, context) as connection:
                return (await connection.post("/predict", b"")).status == 503
        except (OSError, EOFError):
            return False

    async with tls_front(asked) as (port, _):
        found = [await let_in(port, one) for one in (*known, strangers, None)]
        assert found == [True, True, False, False]
        revoked.write_bytes(theirs.revokes(second))
        async with asyncio.timeout(30):
            while await let_in(port, known[1]):
                await asyncio.sleep(0.05)
        assert await let_in(port, known[0])
        # Another authority from now on.
        clients.write_bytes(authority.pem)
        revoked.write_bytes(authority.revokes())
        async with asyncio.timeout(30):
            while not await let_in(port, strangers):
                await asyncio.sleep(0.05)
        assert not await let_in(port, known[0])
