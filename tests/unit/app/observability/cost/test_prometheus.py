"""What answers where a Prometheus should, and is none, or fails."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import numpy as np
import pytest

from app.observability.cost.prometheus import Prometheus, Series, Span, Unreadable
from tests.support.serve import free_port

SPAN = Span(600.0, 60.0, 3)


@contextmanager
def answering(status: int, body: str) -> Iterator[str]:
    """A server that answers so, whatever it is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://user:secret@127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def asked(url: str) -> list[Series]:
    with httpx.Client(timeout=5) as client:
        return Prometheus(url, client).series("up", SPAN)


def result(values: str) -> str:
    return (
        '{"status": "success", "data": {"resultType": "matrix", "result": '
        f'[{{"metric": {{"a": "b"}}, "values": {values}}}]}}}}'
    )


def test_values_stand_at_their_steps_and_the_rest_is_unknown() -> None:
    with answering(200, result('[[660, "1.5"], [780, "NaN"]]')) as url:
        (found,) = asked(url)

    assert found.labels == {"a": "b"}
    np.testing.assert_array_equal(found.values, [1.5, np.nan, np.nan])


def test_steps_are_told_at_their_ends() -> None:
    assert SPAN.times.tolist() == [660, 720, 780]
    assert SPAN.end == 780


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (404, "<html>nginx", "is no Prometheus: .* status 404"),
        (200, '{"status": "ok"}', "is no Prometheus"),
        (200, "[]", "is no Prometheus"),
        (200, result("[[660]]"), "is no Prometheus"),
        (200, result('[[9999999, "1"]]'), "is no Prometheus"),
        (200, result('[[660, "one"]]'), "is no Prometheus"),
        (503, '{"status": "error", "error": "query timed out"}', "refuses up: query timed out"),
    ],
)
def test_what_is_no_answer_is_told(status: int, body: str, why: str) -> None:
    with answering(status, body) as url, pytest.raises(Unreadable, match=why) as told:
        asked(url)

    assert "secret" not in str(told.value)


@pytest.mark.parametrize("url", ["nonsense", "ftp://a", "http://", "http://[::1", "http://a:b"])
def test_an_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(Unreadable, match="no Prometheus answers at"):
        asked(url)


def test_nobody_who_answers_is_told() -> None:
    with pytest.raises(Unreadable, match=r"no Prometheus answers at http://127\.0\.0\.1"):
        asked(f"http://me:secret@127.0.0.1:{free_port()}")
