"""Certificates are exchanged under load: no request fails, and who comes is shown the new one."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

import app.doors.tls.certificates as module
from app.doors.front_haproxy import FrontHAProxy
from app.doors.tls.settings import TlsSettings
from tests.support.certificates import HOUR, Authority, Signed
from tests.support.http1 import Connection
from tests.support.load import load
from tests.support.tls import answering, shown, tls_front
from tests.support.wait import wait_for


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_POLL_S", 0.02)


@dataclass
class Front:
    """One before a replica that answers, and what it has said."""

    port: int
    haproxy: FrontHAProxy
    settings: TlsSettings
    trusted: ssl.SSLContext
    said: list[str]

    def write(self, signed: Signed) -> Signed:
        """As a renewal does: one file after the other, each in one step."""
        new = signed.written(self.settings.certificate.parent, "renewed")
        os.replace(new[0], self.settings.certificate)
        assert self.settings.key
        os.replace(new[1], self.settings.key)
        return signed

    async def shows(self, signed: Signed) -> bool:
        """Whether who comes is shown this one."""
        der = signed.certificate.public_bytes(Encoding.DER)
        return await shown(self.port, self.trusted) == der

    async def comes_to_show(self, signed: Signed) -> None:
        async with asyncio.timeout(30):
            while not await self.shows(signed):
                await asyncio.sleep(0.02)


@pytest.fixture
async def front(authority: Authority, settings: TlsSettings) -> AsyncIterator[Front]:
    said: list[str] = []
    async with (
        answering() as lane,
        tls_front(settings, [lane], say=said.append) as (port, haproxy),
    ):
        trusted = authority.trusted()
        async with Connection.to(port, trusted) as connection, asyncio.timeout(30):
            while (await connection.post("/predict", b"")).status != 200:
                await asyncio.sleep(0.02)
        yield Front(port, haproxy, settings, trusted, said)


async def test_under_load_no_request_fails(front: Front, authority: Authority) -> None:
    with load(front.port, "/predict", b"x" * 500, 16, tls=front.trusted) as tally:
        for _ in range(10):
            before = tally.answered
            await front.comes_to_show(front.write(authority.signs()))
            await wait_for(lambda before=before: tally.answered > before + 50)  # type: ignore[misc]

    assert tally.failures == []
    assert sum(line.startswith("TLS from now on with ") for line in front.said) == 10


async def test_a_connection_that_is_open_goes_on(front: Front, authority: Authority) -> None:
    async with Connection.to(front.port, front.trusted) as connection:
        assert (await connection.post("/predict", b"")).status == 200
        await front.comes_to_show(front.write(authority.signs()))
        assert (await connection.post("/predict", b"")).status == 200


async def test_files_that_cannot_be_taken_leave_what_was(
    front: Front, authority: Authority
) -> None:
    good = front.write(authority.signs())
    await front.comes_to_show(good)
    assert front.settings.key
    for spoil, says in (
        (lambda: front.write(authority.signs(ends=-HOUR)), "has expired on"),
        (lambda: front.settings.certificate.write_bytes(b""), "there is no certificate in PEM"),
        (front.settings.certificate.unlink, "No such file or directory"),
    ):
        front.said.clear()
        spoil()
        await wait_for(lambda: bool(front.said))
        assert says in front.said[0]
        assert front.said[0].endswith("; what was before stays in force")
        assert await front.shows(good)
    assert len(front.said) == 1  # however often it looks

    await front.comes_to_show(front.write(authority.signs()))


async def test_an_haproxy_that_takes_over_has_the_new_one(
    front: Front, authority: Authority
) -> None:
    renewed = front.write(authority.signs())
    await front.comes_to_show(renewed)
    first = front.haproxy.process
    front.haproxy.kill()
    await wait_for(lambda: front.haproxy.process is not first)
    async with asyncio.timeout(20):
        while True:
            try:
                assert await front.shows(renewed)
                return
            except OSError:
                await asyncio.sleep(0.05)
