"""The open-loop generator against small servers in this process."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from benchmarks.load.opened import Arrivals, built, compiler, open_loop, opened
from benchmarks.load.result import LoadError

needs_compiler = pytest.mark.skipif(compiler() is None, reason="needs a C compiler")


@contextmanager
def serving(answer: Callable[[bytes], bytes]) -> Iterator[str]:
    """One request at a time, over any number of connections."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        lock = threading.Lock()

        def serve(connection: socket.socket) -> None:
            with connection:
                while head := connection.recv(65536):
                    with lock:
                        connection.sendall(answer(head))

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/predict"
        listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def serving_in_parts(parts: Callable[[], Iterator[bytes]]) -> Iterator[str]:
    """Answers each request of one connection in parts that arrive one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection:
                while connection.recv(65536):
                    for part in parts():
                        connection.sendall(part)
                        time.sleep(0.002)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/predict"
        thread.join()


def reply(status: int = 200, body: bytes = b"{}") -> bytes:
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


@pytest.fixture
def bodies(tmp_path: Path) -> Path:
    path = tmp_path / "bodies"
    path.write_text('{"n": 0}\n{"n": 1}\n{"n": 2}\n')
    return path


@needs_compiler
def test_bodies_are_sent_in_turn_at_the_rate_asked_for(bodies: Path) -> None:
    seen = []

    def answer(request: bytes) -> bytes:
        seen.append(request.rpartition(b"\r\n\r\n")[2])
        return reply(body=b"x" * 100_000)

    with serving(answer) as url:
        found = open_loop(url, bodies, [(100, 0.3), (50, 0.2)], first=2, connections=4)

    assert sorted(seen) == sorted([b'{"n": 0}', b'{"n": 1}', b'{"n": 2}'] * 13 + [b'{"n": 2}'])
    assert found.due[:3].tolist() == pytest.approx([0.0, 0.01, 0.02])
    assert found.due[30:32].tolist() == pytest.approx([0.3, 0.32])
    assert found.good.all()
    assert found.summary(0.5).offered == 80


@needs_compiler
def test_a_stall_of_the_server_counts_for_all_that_fell_due_in_it(bodies: Path) -> None:
    stalled = threading.Event()

    def answer(request: bytes) -> bytes:
        if not stalled.is_set():
            stalled.set()
            time.sleep(0.3)
        return reply()

    with serving(answer) as url:
        found = open_loop(url, bodies, [(100, 0.5)], connections=2)

    # A closed loop over two connections would have seen two slow requests of fifty.
    assert found.latency[:20] == pytest.approx(0.3 - np.arange(20) * 0.01, abs=0.1)
    assert found.waited[10] > 0.1


@needs_compiler
def test_refusals_and_lost_answers_are_told_apart(bodies: Path) -> None:
    count = iter(range(1000))

    def answer(request: bytes) -> bytes:
        match next(count) % 4:
            case 0:
                return reply(429)
            case 1:
                return b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nbut no more"
        return reply()

    with serving(answer) as url:
        found = open_loop(url, bodies, [(40, 0.5)], connections=20, grace_s=0.2)

    summary = found.summary(0.5)
    assert (summary.good, summary.refused, summary.lost) == (10, 5, 5)
    assert found.latency[found.status == 0].min() > 0.19


@needs_compiler
def test_what_no_connection_is_free_for_is_given_up_and_is_not_lost(bodies: Path) -> None:
    def answer(_request: bytes) -> bytes:
        time.sleep(0.2)
        return reply()

    with serving(answer) as url:
        found = open_loop(url, bodies, [(100, 0.5)], connections=1, patience_s=0.1)

    assert found.unsent.sum() >= 40
    assert found.unsent.sum() + found.good.sum() == 50
    assert found.latency[found.unsent] == pytest.approx(0.1, abs=0.05)


@needs_compiler
@pytest.mark.parametrize("closing", [False, True])
def test_connections_are_opened_anew(bodies: Path, closing: bool) -> None:
    """After so many requests, or because the server asks for it, and nothing is lost by it."""
    clients = set()
    head = b"HTTP/1.1 200 X\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"

    def answer(_request: bytes) -> bytes:
        clients.add(threading.current_thread())
        return head if closing else reply()

    with serving(answer) as url:
        found = open_loop(url, bodies, [(100, 0.3)], connections=2, reuse=0 if closing else 5)

    assert found.good.all()
    assert len(clients) >= 5


@needs_compiler
def test_headers_are_sent_with_each_request(bodies: Path) -> None:
    seen = []

    def answer(request: bytes) -> bytes:
        seen.append(request.partition(b"\r\n\r\n")[0].split(b"\r\n"))
        return reply()

    with serving(answer) as url:
        open_loop(url, bodies, [(50, 0.2)], headers={"x-one": "1", "x-two": "2 3"})

    assert len(seen) == 10
    assert all({b"x-one: 1", b"x-two: 2 3"} < set(lines) for lines in seen)


@needs_compiler
@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param([b'{"degraded":true}'], True, id="whole"),
        pytest.param([b'{"degraded":false}'], False, id="another"),
        pytest.param([b'{"degra', b'ded":', b"true}"], True, id="straddling"),
        pytest.param([b'{"degra', b'ded":', b"false}"], False, id="straddling-another"),
        pytest.param([b'""""degrade"degraded', b'"degraded":true'], True, id="false-starts"),
        pytest.param([b"x" * 70_000, b'"degraded":true' + b"x" * 70_000], True, id="long"),
    ],
)
def test_a_string_is_looked_for_in_each_body(
    bodies: Path, body: list[bytes], *, found: bool
) -> None:
    head = b'HTTP/1.1 200 X\r\n"degraded":true: \r\nContent-Length: %d\r\n\r\n'
    first, *others = body

    def parts() -> Iterator[bytes]:
        yield head % sum(map(len, body)) + first
        yield from others

    with serving_in_parts(parts) as url:
        load = open_loop(url, bodies, [(50, 0.2)], connections=1, look_for='"degraded":true')

    assert load.good.all()
    assert load.matched.tolist() == [found] * 10


@needs_compiler
def test_load_beside_the_caller_can_be_ended_early(bodies: Path) -> None:
    begun = time.monotonic()
    answered = threading.Event()

    def answer(_request: bytes) -> bytes:
        answered.set()
        return reply()

    with serving(answer) as url, opened(url, bodies, [(100, 30.0)]) as load:
        assert answered.wait(10)
        found = load.end()

    assert 1 <= len(found) < 1000
    assert found.good.all()
    assert begun < found.origin < time.monotonic()


@needs_compiler
def test_one_that_looks_in_ticks_loses_nothing_and_takes_less(bodies: Path) -> None:
    steps = [(2000.0, 0.5)]
    with serving(lambda request: reply()) as url:
        always, ticking = (
            open_loop(url, bodies, steps, connections=20, tick_s=tick_s) for tick_s in (0.0, 0.01)
        )

    assert len(ticking) == ticking.good.sum() == 1000
    assert ticking.generator_cpu_s < always.generator_cpu_s


@needs_compiler
def test_a_server_that_is_not_there_answers_nothing(bodies: Path) -> None:
    found = open_loop("http://127.0.0.1:9/predict", bodies, [(50, 0.2)], grace_s=0.1)

    assert found.summary(0.2).lost == 10
    assert found.summary(0.2).rate == 0


def test_a_part_of_a_run_can_be_looked_at() -> None:
    due = np.array([0.0, 1.0, 2.0])
    status = np.array([200, 500, 0], dtype=np.uint32)
    run = Arrivals(due, due * 0, due + 0.5, status, 0.1, status > 0)

    part = run.between(1.0, 3.0)

    summary = part.summary(2.0)
    assert (summary.good, summary.refused, summary.lost, summary.offered) == (0, 1, 1, 1.0)
    assert summary.max_ms == 2500
    assert part.matched.tolist() == [True, False]


def test_without_a_compiler_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")

    with pytest.raises(LoadError, match="apt-get install gcc"):
        built(tmp_path)
