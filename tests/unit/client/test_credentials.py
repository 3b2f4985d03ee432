"""The key of a client: sent with all that it asks, and to be found nowhere else."""

import copy
import gc
import logging
import pickle
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.client.conftest import Opened
from tests.unit.client.servers import PREDICTION, Reply, error, nowhere, raw, service
from tests.unit.client.streamers import all_answered, answer, numbered, refuse, streamer
from windsock import (
    Forbidden,
    Misconfigured,
    RateLimited,
    RowError,
    Unauthenticated,
    Unreachable,
    Windsock,
    WindsockError,
)

KEY = "wsk_ada_7hB2tQx9Vd3RkP5sLm8WcZ1y"
ANOTHER = "wsk_ben_" + "x" * 30
SENT = {"authorization": f"bearer {KEY}".lower()}
URL = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WINDSOCK_KEY", raising=False)


async def test_calls_and_streams_send_it(opened: Opened) -> None:
    batch = Reply(body={"predictions": [PREDICTION]})
    async with service(Reply(), batch) as server, opened(server.url, key=KEY) as client:
        await client.predict(a=1)
        await client.predict_batch([{"a": 1}])
    assert [seen.items() >= SENT.items() for seen in server.seen] == [True, True]

    async with streamer() as other, opened(other.url, key=KEY) as client:
        all_answered(await client.stream(numbered(5)), 5)
    assert other.handshakes[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({}, KEY),
        ({"key": ANOTHER}, ANOTHER),
        ({"headers": {"Authorization": f"Bearer {ANOTHER}"}}, ANOTHER),
        ({"trust_env": False}, None),
    ],
)
async def test_the_environment_has_it_where_nothing_else_has(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], sent: str | None
) -> None:
    monkeypatch.setenv("WINDSOCK_KEY", f"{KEY}\n")
    async with service() as server, opened(server.url, **options) as client:
        await client.predict(a=1)

    assert server.seen[0].get("authorization") == (f"bearer {sent}".lower() if sent else None)


async def test_one_that_expires_is_asked_for_with_each_request(opened: Opened) -> None:
    keys: Iterator[str] = iter([KEY, ANOTHER])
    async with service() as server, opened(server.url, key=lambda: next(keys)) as client:
        await client.predict(a=1)
        await client.predict(a=1)
        with pytest.raises(Misconfigured, match="StopIteration"):
            await client.predict(a=1)

    told = [seen["authorization"] for seen in server.seen]
    assert told == [f"bearer {key}".lower() for key in (KEY, ANOTHER)]


@pytest.mark.parametrize("key", ["", " ", "two words", "a\r\nhost: b", "Schlüssel", b"wsk_x", 7])
async def test_what_is_no_key_is_refused_and_not_told(opened: Opened, key: Any) -> None:
    with pytest.raises(Misconfigured, match="key must be") as raised:
        async with opened(URL, key=key):
            pass
    assert str(key).strip() == "" or str(key) not in str(raised.value)

    async with opened(URL, key=lambda: key) as client:
        with pytest.raises(Misconfigured, match=r"what key\(\) gives must be"):
            await client.predict(a=1)


async def test_a_variable_of_no_use_is_named(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINDSOCK_KEY", "two words")
    with pytest.raises(Misconfigured, match="WINDSOCK_KEY must be"):
        async with opened(URL):
            pass


async def test_two_credentials_are_refused(opened: Opened) -> None:
    with pytest.raises(Misconfigured, match="either key, or headers"):
        async with opened(URL, key=KEY, headers={"AUTHORIZATION": f"Bearer {ANOTHER}"}):
            pass


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "unauthenticated", Unauthenticated),
        (403, "forbidden", Forbidden),
        (429, "rate_limited", RateLimited),
    ],
)
async def test_refusals_have_errors_of_their_own(
    opened: Opened, status: int, code: str, kind: type[WindsockError]
) -> None:
    reply = Reply(status, error(code), {"retry-after": "60"})
    async with service(reply) as server, opened(server.url, key=KEY) as client:
        with pytest.raises(kind) as raised:
            await client.predict(a=1)

    assert (raised.value.code, raised.value.tries, len(server.seen)) == (code, 1, 1)
    if isinstance(raised.value, RateLimited):
        assert raised.value.retry_after_s == 60


async def test_a_limit_is_waited_for_and_held_against_no_endpoint(opened: Opened) -> None:
    limited = Reply(429, error("rate_limited"), {"retry-after": "0"})
    async with (
        service(*[limited] * 3, Reply()) as server,
        service(limited) as other,
        opened([server.url, other.url], key=KEY) as client,
    ):
        assert (await client.predict(a=1)).outputs == PREDICTION["outputs"]
        assert client.client.endpoint == server.url


async def test_a_stream_that_may_not_be_opened_says_so(opened: Opened) -> None:
    async with streamer(status=401) as server, opened(server.url, key=KEY) as client:
        with pytest.raises(Unauthenticated):
            await client.stream(numbered(3))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_no_redirect_takes_it_elsewhere(opened: Opened, status: int) -> None:
    async with service() as elsewhere:
        moved = Reply(status, b"", {"location": f"{elsewhere.url}/predict"})
        async with service(moved) as server, opened(server.url, key=KEY) as client:
            with pytest.raises(WindsockError):
                await client.predict(a=1)
            with pytest.raises(WindsockError):
                await client.predict_batch([{"a": 1}])
    assert elsewhere.seen == []
    assert elsewhere.checks == 0


async def test_no_redirect_takes_a_stream_elsewhere(opened: Opened) -> None:
    async with streamer() as elsewhere:
        moved = Reply(302, b"", {"location": f"{elsewhere.url}/predict/stream"})

        async def redirects(reader: Any, writer: Any) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(moved.encoded())
            await writer.drain()

        async with raw(redirects) as url, opened(url, key=KEY, timeout=1) as client:
            with pytest.raises(WindsockError):
                await client.stream(numbered(3))
    assert elsewhere.handshakes == []


async def test_neither_text_nor_log_nor_error_has_it(
    opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        refusal = Reply(401, error("unauthenticated"))
        async with (
            service(Reply(), refusal) as server,
            opened([server.url], key=KEY) as client,
        ):
            await client.predict(a=1)
            with pytest.raises(Unauthenticated) as refused:
                await client.predict(a=1)
            told = [repr(client.client), repr(client.client._settings)]
            told.append(repr(client.client._settings.credentials))
        async with streamer() as other, opened(other.url, key=KEY) as client:
            all_answered(await client.stream(numbered(3)), 3)
        async with opened(nowhere(), key=KEY, retry_reserve=0) as client:
            with pytest.raises(Unreachable) as unreachable:
                await client.predict(a=1)
            with pytest.raises(Unreachable):
                await client.stream(numbered(1))

    for raised in (refused.value, unreachable.value):
        told += [str(raised), repr(raised), *traceback.format_exception(raised)]
    logged = [
        record.getMessage()
        for record in caplog.records
        if record.name != "websockets.server"  # the other side
    ]
    assert not [one for one in told + logged if KEY in one]


def test_headers_are_not_shown_either() -> None:
    with Windsock(URL, headers={"x-api-key": KEY}) as client:
        assert KEY not in repr(client._settings)
    with pytest.raises(Misconfigured) as raised:
        Windsock(URL, headers={"x-api-key": f"{KEY}\r\n"})
    assert KEY not in str(raised.value)


def test_a_copy_has_it_too() -> None:
    with Windsock(URL, key=KEY) as client:
        for made in (copy.copy(client), pickle.loads(pickle.dumps(client))):
            assert made._settings.credentials.headers() == {"authorization": f"Bearer {KEY}"}
            made.close()
    gc.collect()


async def test_a_row_that_is_over_its_limit_waits_and_costs_no_endpoint(opened: Opened) -> None:
    limited: set[int] = set()

    async def behave(server: Any, connection: Any, row: dict[str, Any]) -> None:
        if row["id"] in limited:
            await answer(server, connection, row)
        else:
            limited.add(row["id"])
            await refuse(connection, row, "rate_limited", retry_after_s=0.05)

    async with streamer(behave) as server, opened([server.url, URL], key=KEY) as client:
        found = await client.stream(numbered(20))
        assert client.client.endpoint == server.url
    assert not [one for _, one in found if isinstance(one, RowError)]
    assert len(found) == 20
