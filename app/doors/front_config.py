"""The configuration of the front's HAProxy: which requests go where."""

from collections.abc import Iterator
from pathlib import Path

from app.doors.haproxy_rules import (
    ASKED_AGAIN,
    AWAY,
    CUT,
    GRPC_TYPE,
    HEAD_BYTES,
    HEADS,
    KEEP,
    NO_504,
    PATIENCE,
    QUICK,
    again,
    checked,
    indented,
    last,
    nobody,
    none_there,
    own_errors,
    surface,
    too_many,
)
from app.doors.slots import Kind
from app.doors.tls.lines import TlsLines

_READY, _CONTROL, _ALIVE, _LIVES, _GRPC = "requests", "control", "alive", "lives", "grpc"
FRONTEND, LANES = "windsock", _READY
"""What HAProxy's statistics call all that clients meet, and the fast lanes that predictions go to.
"""
REPLICAS = Kind(
    server="replica",
    most=128,
    backends=(_READY, _CONTROL, _ALIVE, _LIVES),
    checked=(_READY, _LIVES),
    limited=(_READY, _ALIVE),
)
"""The same servers four times: where predictions go, and all else, which must neither wait for
these nor take their place; and the same while no replica is ready."""
GRPC_DOORS = Kind(server="door", most=64, backends=(_GRPC,), checked=(_GRPC,))
"""Ray's doors for gRPC, one on each node that has one."""


def configuration(
    *,
    listen: str,
    folder: Path,
    control: str,
    concurrency: int,
    threads: int,
    tls: TlsLines | None = None,
) -> str:
    """The text of the file; sockets and certificates of its own lie in ``folder``."""
    tuning = [*KEEP, *HEADS, f"tune.bufsize {HEAD_BYTES}", *_HTTP2]
    rules, sections = [f"bind {listen}"], [*_backends(concurrency, folder)]
    if tls is not None:
        tuning += tls.tuning()
        rules = [f"bind {listen}{tls.bind()}", *tls.rules()]
        sections += tls.sections()
    return _CONFIGURATION.format(
        control=control,
        threads=threads,
        tuning=indented(tuning),
        errors=indented(own_errors()),
        rules=indented((*rules, *PATIENCE, *surface(grpc=True))),
        sections="\n".join(sections),
    )


def _backends(concurrency: int, folder: Path) -> Iterator[str]:
    none, once_more = str(folder / "nobody.sock"), str(folder / "again.sock")
    yield from nobody(none)
    yield from again(once_more, _ALIVE)
    places = f"maxconn {concurrency}"
    for name, lines, servers in (
        (_READY, (*checked("/health/ready"), *too_many(_READY)), f"{places} disabled"),
        (_CONTROL, QUICK, f"track {_READY}/{{}}"),
        (
            _LIVES,
            (*QUICK, *checked("/health/live", patient=True), *none_there(_LIVES)),
            "disabled",
        ),
        (_ALIVE, (*too_many(_ALIVE), *none_there(_LIVES)), f"{places} track {_LIVES}/{{}} {CUT}"),
    ):
        yield f"backend {name}\n{indented((*ASKED_AGAIN, *lines))}"
        yield from REPLICAS.lines(servers)
        if name == _READY:
            yield last("again", once_more)
        elif name == _ALIVE:
            yield last("nobody", none)
    yield f"backend {_GRPC}\n{indented(_grpc())}"
    yield from GRPC_DOORS.lines("proto h2 disabled")


def _grpc() -> Iterator[str]:
    """Lines of the backend. Whether an application is ready behind a door Ray's HAProxy there
    knows; a door that does not begin to speak HTTP/2 itself is left out."""
    yield from ("timeout connect 1s", "timeout check 650ms", "retries 2")
    yield from ("retry-on conn-failure empty-response", NO_504)
    yield (
        "http-request return status 200 hdr grpc-status 14 "
        f'hdr grpc-message "{AWAY.message}" if {{ nbsrv({_GRPC}) eq 0 }}'
    )
    yield GRPC_TYPE
    yield "option tcp-check"
    yield f"tcp-check send-binary {_HELLO.hex()}"
    yield "tcp-check expect rbinary ^.{6}0400"
    yield f"default-server check inter 500ms fastinter 100ms downinter 250ms rise 1 fall 2 {CUT}"


# Who resets what it has just asked for (CVE-2023-44487) is bounded by the first, which counts a
# stream until its end, and loses its connection by the second, which HAProxy 2.6 has not.
_HTTP2 = (
    "tune.h2.max-concurrent-streams 100",
    ".if version_atleast(2.8.25)",
    "tune.h2.fe.max-total-streams 10000",
    ".endif",
)
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
"""What a client begins with, answered by the server's settings (RFC 9113, 3.4): a frame of type 4.
"""

_CONFIGURATION = f"""
global
    maxconn 8192
    nbthread {{threads}}
    noreuseport
    stats socket {{control}} mode 600 level admin
    hard-stop-after 60s
{{tuning}}

defaults
    mode http
    balance leastconn
    timeout client 90s
    timeout server 60s
    timeout queue 1s
    http-reuse always
{{errors}}

frontend {FRONTEND}
{{rules}}
    acl ready nbsrv({_CONTROL}) gt 0
    use_backend {_GRPC} if {{{{ req.hdr(content-type) -m beg application/grpc }}}}
    use_backend {_CONTROL} if !METH_POST ready
    use_backend {_LIVES} if !METH_POST
    use_backend {_ALIVE} if !ready
    default_backend {_READY}

{{sections}}
"""
