"""Calls and streams under the environment of an office: proxies, and authorities of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.unit.client.conftest import Opened
from tests.unit.client.servers import PREDICTION, Reply, nowhere, raw, service
from tests.unit.client.streamers import all_answered, numbered, streamer
from windsock import AsyncWindsock, Misconfigured, Unavailable, Unreachable, Windsock

FAR = "http://service.example:8000"
OUTPUTS = PREDICTION["outputs"]


@dataclass
class Tunnels:
    """A proxy that takes every CONNECT to one and the same port."""

    port: int
    url: str = ""
    asked: list[str] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head.splitlines()[0])
        theirs, ours = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_pass(reader, ours), _pass(theirs, writer))
        finally:
            ours.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(4096):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def tunnels(to: str) -> AsyncIterator[Tunnels]:
    proxy = Tunnels(int(to.rpartition(":")[2]))
    async with raw(proxy) as proxy.url:
        yield proxy


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize("proxy", ["http://192.0.2.1:9", "socks5://192.0.2.1:9"])
async def test_the_machine_itself_is_asked_directly(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, variable: str, proxy: str
) -> None:
    monkeypatch.setenv(variable, proxy)
    monkeypatch.setenv("NO_PROXY", "fd00::/8")
    async with service() as server, opened(server.url, timeout=2) as client:
        assert (await client.predict(a=1)).outputs == OUTPUTS
    async with streamer() as other, opened(other.url, timeout=2) as client:
        all_answered(await client.stream(numbered(20)), 20)


async def test_others_are_asked_through_the_proxy(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with service() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        async with opened(FAR) as client:
            assert (await client.predict(a=1)).outputs == OUTPUTS
    assert proxy.seen[0]["host"] == "service.example:8000"


async def test_streams_go_through_the_same_proxy(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with streamer() as server, tunnels(server.url) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        async with opened(FAR) as client:
            all_answered(await client.stream(numbered(20)), 20)
    assert proxy.asked == ["CONNECT service.example:8000 HTTP/1.1"]


async def test_an_environment_that_is_not_trusted_is_not_read(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with service() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        async with opened("http://192.0.2.1:9", trust_env=False, timeout=0.3) as client:
            with pytest.raises(Unreachable, match=r"no connection could be made( in time|: )"):
                await client.predict(a=1)
            with pytest.raises(Unreachable, match=r"no connection could be made( in time|: )"):
                await client.stream(numbered(1))
    assert proxy.seen == []


async def test_a_proxy_that_is_not_there_is_named(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", gone := nowhere())
    told = f"no connection could be made through the proxy of HTTP_PROXY, {gone}: "
    async with opened(FAR, retry_reserve=0) as client:
        with pytest.raises(Unreachable, match=told):
            await client.predict(a=1)
        with pytest.raises(Unreachable, match=told):
            await client.stream(numbered(1))


async def test_a_proxy_that_answers_itself_is_named(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with service(Reply(502, b"<html>Bad Gateway</html>")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        async with opened(FAR, retry_reserve=0) as client:
            with pytest.raises(Unavailable) as raised:
                await client.predict(a=1)
    assert raised.value.message.startswith(
        f"{FAR} through the proxy of HTTP_PROXY, {proxy.url} answered with status 502"
    )


@pytest.mark.parametrize("value", ["socks5://proxy.example:1080", "nonsense://a", "http://a:port"])
async def test_one_that_is_of_no_use_is_refused_as_the_client_is_made(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", value)
    with pytest.raises(Misconfigured, match=f"ALL_PROXY is '{value}'"):
        async with opened(FAR):
            pass
    async with opened(FAR, trust_env=False):
        pass


@pytest.mark.parametrize("kind", [Windsock, AsyncWindsock])
@pytest.mark.parametrize("content", [None, "no certificate"])
def test_authorities_that_cannot_be_read_are_named(
    kind: Any, content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "authorities.pem"
    if content:
        path.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))

    with pytest.raises(Misconfigured, match=f"SSL_CERT_FILE is '{path}', of which no"):
        kind("https://service.example")
    kind("http://service.example")
    kind("https://service.example", trust_env=False)


def test_a_folder_of_authorities_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenSSL would take it, and trust nobody."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    Windsock("https://service.example")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nowhere"))

    with pytest.raises(Misconfigured, match=r"SSL_CERT_DIR is '.*/nowhere', of which no"):
        Windsock("https://service.example")
    Windsock("https://service.example", trust_env=False)
