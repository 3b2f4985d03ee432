"""What becomes of a call when a server fails it, over real sockets."""

import asyncio
import time
from typing import Any

import pytest

from tests.support.wait import wait_for
from tests.unit.client.conftest import Opened
from tests.unit.client.servers import (
    PREDICTION,
    Reply,
    breaks,
    error,
    hangs,
    nowhere,
    raw,
    service,
)
from windsock import (
    ConnectionFailed,
    DeadlineExceeded,
    FeaturesRefused,
    InternalError,
    Overloaded,
    RowFailed,
    Unavailable,
    Unreachable,
    WindsockError,
)

LATE = PREDICTION["outputs"]
BUSY = Reply(429, error("overloaded"), {"retry-after": "1"})


@pytest.mark.parametrize("fails", ["refuses", "breaks", "hangs"])
async def test_the_next_endpoint_answers_within_the_same_call(opened: Opened, fails: str) -> None:
    handler = {"refuses": breaks, "breaks": breaks, "hangs": hangs}[fails]
    async with raw(handler) as bad, service() as good:
        first = nowhere() if fails == "refuses" else bad
        async with opened([first, good.url], timeout=0.4) as client:
            prediction = await client.predict(a=1)

    assert prediction.outputs == LATE
    assert len(good.seen) == 1


@pytest.mark.parametrize(
    "reply",
    [
        BUSY,
        Reply(503, error("unavailable")),
        Reply(502, b"<html>Bad Gateway</html>"),
        Reply(500, error("internal")),
        Reply(408, error("timed_out")),
        Reply(200, b"<html>Welcome</html>"),
        Reply(200, {"hello": "world"}),
    ],
    ids=lambda reply: f"{reply.status} {str(reply.body)[:20]}",
)
async def test_an_answer_that_is_none_is_asked_elsewhere(opened: Opened, reply: Reply) -> None:
    async with service(reply) as bad, service() as good, opened([bad.url, good.url]) as client:
        assert (await client.predict(a=1)).outputs == LATE
        assert client.client.endpoint == bad.url  # one failure does not make it down

    assert len(bad.seen) == len(good.seen) == 1
    assert bad.seen[0]["x-request-id"] == good.seen[0]["x-request-id"]


async def test_the_server_is_asked_again_when_it_said_and_told_of_the_time_left(
    opened: Opened,
) -> None:
    async with service(BUSY, Reply()) as only, opened(only.url, timeout=4.0) as client:
        begun = time.monotonic()
        await client.predict(a=1)

        assert time.monotonic() - begun >= 1.0
    first, second = (int(one["x-request-timeout-ms"]) for one in only.seen)
    assert 3000 < first <= 3750
    assert second <= first - 1000


async def test_a_wait_past_the_deadline_is_not_begun(opened: Opened) -> None:
    async with (
        service(Reply(429, error("overloaded"), {"retry-after": "60"})) as only,
        opened(only.url) as client,
    ):
        begun = time.monotonic()
        with pytest.raises(Overloaded) as raised:
            await client.predict(a=1)
        assert time.monotonic() - begun < 1
    assert raised.value.retry_after_s == 60
    assert len(only.seen) == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(503, error("stale_features")), FeaturesRefused),
        (Reply(503, error("features_unavailable")), FeaturesRefused),
        (Reply(422, error("missing_features")), FeaturesRefused),
        (Reply(422, error("row_failed")), RowFailed),
        (Reply(422, error("invalid_field")), WindsockError),
        (Reply(401, error("unauthorized")), WindsockError),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Reply) else "",
)
async def test_an_answer_is_not_asked_for_again(
    opened: Opened, reply: Reply, kind: type[WindsockError]
) -> None:
    async with (
        service(reply) as first,
        service() as second,
        opened([first.url, second.url]) as client,
    ):
        with pytest.raises(kind):
            await client.predict(a=1)
    assert (len(first.seen), len(second.seen)) == (1, 0)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(500, error("internal")), InternalError),
        (Reply(408, error("timed_out")), DeadlineExceeded),
    ],
)
async def test_what_would_fail_again_is_asked_once(
    opened: Opened, reply: Reply, kind: type[WindsockError]
) -> None:
    async with service(reply) as only, opened(only.url) as client:
        with pytest.raises(kind):
            await client.predict(a=1)
    assert len(only.seen) == 1


@pytest.mark.parametrize(
    ("fails", "kind"),
    [("refuses", Unreachable), ("breaks", ConnectionFailed), ("hangs", DeadlineExceeded)],
)
async def test_a_call_ends_at_its_deadline(
    opened: Opened, fails: str, kind: type[WindsockError]
) -> None:
    async with (
        raw(hangs if fails == "hangs" else breaks) as bad,
        opened(nowhere() if fails == "refuses" else bad) as client,
    ):
        begun = time.monotonic()
        with pytest.raises(kind) as raised:
            await client.predict(a=1, timeout=0.4)
        assert time.monotonic() - begun < 1.5
    assert type(raised.value) is kind
    assert raised.value.__cause__ is not None
    if fails != "hangs":
        assert raised.value.tries > 1


async def test_an_outage_is_not_multiplied(opened: Opened) -> None:
    async with (
        service(Reply(503, error("unavailable"))) as only,
        opened(only.url, retry_share=0.1, retry_reserve=5) as client,
    ):

        async def call() -> None:
            with pytest.raises(Unavailable):
                await client.predict(a=1)

        await asyncio.gather(*(call() for _ in range(40)))
    assert len(only.seen) <= 40 + 5 + 4


async def test_a_broken_connection_is_made_anew(opened: Opened) -> None:
    count = 0

    async def breaks_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        await reader.readuntil(b"\r\n\r\n")
        if count > 1:
            body = b'{"status": "ok", "model": null, "problem": null}'
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
            await writer.drain()

    async with raw(breaks_once) as url, opened(url) as client:
        assert (await client.health()).status == "ok"
    assert count == 2


async def test_a_call_that_has_no_turn_in_its_time_says_so(opened: Opened) -> None:
    never = asyncio.Event()
    async with (
        service(Reply(after=never)) as only,
        opened(only.url, connections=1) as client,
    ):
        first = asyncio.create_task(client.predict(a=1))
        await wait_for(lambda: len(only.seen) == 1)
        with pytest.raises(DeadlineExceeded):
            await client.predict(a=2, timeout=0.2)
        assert len(only.seen) == 1
        never.set()
        assert (await first).outputs == LATE


async def test_the_wait_for_a_turn_is_part_of_the_deadline(opened: Opened) -> None:
    never = asyncio.Event()
    async with (
        service(Reply(after=never)) as only,
        opened(only.url, connections=1) as client,
    ):
        begun = time.monotonic()
        calls = [client.predict(a=1, timeout=timeout) for timeout in (0.3, 0.5)]
        failures = await asyncio.gather(*calls, return_exceptions=True)
        assert time.monotonic() - begun < 0.75
    assert [type(one) for one in failures] == [DeadlineExceeded] * 2


async def test_rows_of_a_request_that_fails_have_its_error(opened: Opened) -> None:
    good = Reply(200, {"predictions": [PREDICTION] * 2})
    async with (
        service(good, Reply(500, error("internal")), good) as only,
        opened(only.url, batch_rows=2, concurrency=1) as client,
    ):
        answers = await client.predict_batch([{"a": n} for n in range(6)])

    codes = [getattr(one, "code", None) for one in answers]
    assert codes == [None, None, "internal", "internal", None, None]


async def test_a_batch_of_which_nothing_is_answered_raises(opened: Opened) -> None:
    async with service(Reply(500, error("internal"))) as only, opened(only.url) as client:
        with pytest.raises(InternalError):
            await client.predict_batch([{"a": n} for n in range(6)])


async def test_a_batch_has_a_deadline_for_all_of_it(opened: Opened) -> None:
    never = asyncio.Event()
    good = Reply(200, {"predictions": [PREDICTION] * 2})
    async with (
        service(good, Reply(after=never)) as only,
        opened(only.url, batch_rows=2, concurrency=1) as client,
    ):
        begun = time.monotonic()
        answers = await client.predict_batch([{"a": n} for n in range(20)], timeout=0.3)

        assert time.monotonic() - begun < 1.5
    assert [getattr(one, "code", None) for one in answers] == [None] * 2 + ["timed_out"] * 18
    assert len(only.seen) == 2


async def test_an_endpoint_that_returns_is_used_again(opened: Opened) -> None:
    async with (
        service(ready=False) as second,
        opened([nowhere(), second.url], check_interval=0.02) as client,
    ):
        first = client.client.endpoint
        port = int(first.rpartition(":")[2])
        await client.predict(a=1)
        assert client.client.endpoint == second.url

        async def answers(reader: Any, writer: Any) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

        async with raw(answers, port):
            await wait_for(lambda: client.client.endpoint == first)
        assert second.checks == 0


async def test_nothing_is_checked_while_all_is_well(opened: Opened) -> None:
    async with (
        service() as first,
        service() as second,
        opened([first.url, second.url], check_interval=0.001) as client,
    ):
        for _ in range(5):
            await client.predict(a=1)
    assert (first.checks, second.checks) == (0, 0)


async def test_one_that_is_up_and_not_ready_stays_down(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("windsock.endpoints._PATIENCE_S", 0.2)
    async with (
        service(Reply(503, error("unavailable")), ready=False) as first,
        service() as second,
        opened([first.url, second.url], check_interval=0.01) as client,
    ):
        begun = time.monotonic()
        while client.client.endpoint == first.url:
            await client.predict(a=1)
        assert time.monotonic() - begun > 0.2
        checks = first.checks
        await wait_for(lambda: first.checks > checks + 3)
        assert client.client.endpoint == second.url
        first.ready = True
        await wait_for(lambda: client.client.endpoint == first.url)
        checks = first.checks
        await client.predict(a=1)
    assert first.checks == checks  # nobody looks for it any longer
