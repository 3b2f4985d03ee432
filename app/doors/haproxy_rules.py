"""What HAProxy keeps open, and what it answers by itself, in the forms of the application."""

from collections.abc import Iterable, Iterator, Mapping

from app.doors.fast_lane.whereabouts import WHEREABOUTS
from app.doors.foreign_headers import METADATA, PATTERN
from app.edge.errors import ErrorForm
from app.edge.options import SOUND_REQUEST_ID
from app.protocols.error_forms import HTTP_FORMS, form_of
from app.serving.errors import (
    ErrorCode,
    InvalidRequest,
    Overloaded,
    TimedOut,
    Unavailable,
    WindsockError,
)

# By default it closes connections to replicas after each request where clients hold a quarter of
# the descriptors that it may have, and a replica accepts fewer a second than it could answer.
KEEP = ("tune.pool-low-fd-ratio 90", "tune.pool-high-fd-ratio 95")
"""Lines of the global section, for connections to replicas that last."""

HEAD_BYTES = 2**15
"""``tune.bufsize``: twice what a door behind it takes as the head of a request, since what is too
large for HAProxy itself gets no error of ours."""
HEADS = ("tune.http.maxhdr 200",)
"""Lines of the global section: twice as many headers, for the same reason."""

_ID = "request-id"
_TXN_ID, _OWN_ID = "%[var(txn.id)", "%[unique-id"
_BUSY = Overloaded("all replicas are busy: try again shortly")
AWAY = Unavailable("no replica can be reached")
_NOWHERE = InvalidRequest(ErrorCode.NOT_FOUND, "no application answers at this path")
UNKNOWN = Unavailable("this door does not know yet what it is to serve: try again shortly")
_SLOW = TimedOut("the request did not arrive in time")
_OWN_ERRORS: Mapping[int, WindsockError] = {
    408: _SLOW,
    500: WindsockError("an unexpected error of the proxy"),
    502: Unavailable("a replica broke off before it had answered"),
    503: AWAY,
    504: Unavailable("no replica answered in time"),
}
"""What HAProxy itself answers, by status."""


def indented(lines: Iterable[str]) -> str:
    """Lines as they stand in a section."""
    return "\n".join(f"    {line}" for line in lines)


def own_errors() -> Iterator[str]:
    """Lines of the defaults: what HAProxy has to say by itself, in REST's form, since it cannot
    look at a path there. Of what is no request at all it says so in words of its own, which no
    setting of 2.8 changes (https://github.com/haproxy/haproxy/issues/3032)."""
    yield "unique-id-format %[uuid]"
    for status, error in _OWN_ERRORS.items():
        yield (
            f"http-error status {status} content-type application/json "
            f"hdr x-request-id {_OWN_ID}] lf-string {_body(error, form_of('/'), _OWN_ID)}"
        )


def checked(*paths: str, patient: bool = False) -> Iterator[str]:
    """Lines of a backend whose servers are asked at each of these paths: one that answers any with
    another status than 200 gets no new request and finishes what it has; one that does not answer
    is out within 1.9 s, ``patient`` 3.4 s, and what it holds is asked of another (``ASKED_AGAIN``).

    A starved replica may pause for longer than a second. Where there is another, that is taken;
    where there is none, it is waited for as long as the patient checks have it, for which any
    answer will do: one that is told to stop answers still."""
    yield "timeout check 650ms"
    yield "option httpchk"
    for path in paths:
        yield "http-check connect"
        yield f"http-check send meth GET uri {path}"
        yield f"http-check expect error-status L7OKC {'rstatus .' if patient else 'status 200'}"
    yield f"default-server {_CHECKS} fall {4 if patient else 2} {CUT}"


_CHECKS = "check inter 500ms fastinter 100ms downinter 250ms rise 1"
CUT = "on-marked-down shutdown-sessions"
"""Of a server that tracks another."""

# A prediction changes nothing, so what a replica that goes or hangs has not answered is asked of
# another, and any request may be the one that finds a connection closed. For that HAProxy must have
# the whole of it, up to ``tune.bufsize``. One that takes a replica with it takes two more at most.
ASKED_AGAIN = (
    "timeout connect 1s",
    "timeout http-request 30s",
    "option http-buffer-request",
    "option redispatch 1",
    "retries 2",
    "retry-on conn-failure empty-response",
)
"""Lines of a backend whose requests may be asked twice."""


NO_504 = "http-after-response set-status 503 if { status 504 }"
"""A line of a backend with a ``timeout server``: past it nobody could be reached."""

GRPC_TYPE = (
    "http-after-response set-header content-type application/grpc "
    "if { res.hdr(grpc-status) -m found } !{ res.hdr(content-type) -m found }"
)
"""A line of a backend for gRPC that says something itself: of an answer without a body "return"
drops the type, without which grpc-go reads no status."""

QUICK = ("timeout server 3s", "timeout tunnel 1h", NO_504)
"""Lines of a backend for what is no prediction: it is answered at once, or is a socket, which lasts
and has pings of its own."""


def too_many(backend: str) -> Iterator[str]:
    """Rules of a backend: 429 for a prediction while none of its servers, of which some are up,
    has a place free.

    They are not logged: each line would cost as much as the answer, and Serve, which reads them,
    as much again. HAProxy counts them (``haproxy_frontend_http_responses_total``)."""
    yield f"acl up nbsrv({backend}) gt 0"
    yield f"acl full be_conn_free({backend}) eq 0"
    # Looked at once: it takes a look at every server.
    yield "http-request set-var(txn.busy) bool(true) if METH_POST up full"
    busy = "{ var(txn.busy) -m bool }"
    yield f"http-request set-log-level silent if {busy}"
    yield from _answer(busy, _BUSY, f"hdr retry-after {_BUSY.retry_after_s} ")


def none_there(backend: str) -> Iterator[str]:
    """Rules of a backend: 503 while none of its servers is up."""
    yield from _answer(f"{{ nbsrv({backend}) eq 0 }}", AWAY)


def nobody(socket: str) -> Iterator[str]:
    """A frontend that answers 503 to all, at this path: the last server of a backend. Where there
    is none, HAProxy closes the connections of those whose replica is taken out, and says nothing.
    """
    yield "frontend nobody"
    yield f"    bind unix@{socket}"
    yield from (f"    {line}" for line in _answer("TRUE", AWAY))


def again(socket: str, backend: str) -> Iterator[str]:
    """A frontend at this path that asks this backend: the last server of another one."""
    yield f"frontend {backend}-again"
    yield f"    bind unix@{socket}"
    yield f"    default_backend {backend}"


def last(name: str, socket: str) -> str:
    """The server of a backend that is asked where no other is up."""
    return f"    server {name} unix@{socket} backup no-check"


PATIENCE = ("timeout http-request 10s", "timeout http-keep-alive 90s", "option http-ignore-probes")
"""Lines of a frontend: how long a head may take to arrive, and a connection idle, as the fast lane
has it. One that has waited for its first request for too long is closed without an answer: it would
be taken for that one's."""


def surface(*, grpc: bool = False) -> Iterator[str]:
    """Rules of a frontend for HTTP, ``grpc`` where calls over gRPC pass it, too: what a client says
    that Ray or a proxy would obey is taken out, and what is for the machine itself is 404: a
    replica's whereabouts, and Ray's own routes but for its health check."""
    call = "{ req.hdr(content-type) -m beg application/grpc }"
    yield f"http-request del-header '{PATTERN}' -m reg{f' if !{call}' if grpc else ''}"
    if grpc:
        yield from (f"{rule} if {call}" for rule in metadata())
    yield f"acl inner path {WHEREABOUTS}"
    yield "acl inner path_beg -i /-/"
    yield "acl probe path -i /-/healthz"
    yield from _answer("inner !probe", _NOWHERE)


def metadata() -> Iterator[str]:
    """The same of a frontend for gRPC."""
    yield f"http-request del-header '{METADATA}' -m reg"


def nothing_known() -> Iterator[str]:
    """Rules of a backend without servers: 503, whatever is asked."""
    yield from _answer("TRUE", UNKNOWN)


def nothing_here() -> Iterator[str]:
    """Rules of a backend without servers: 404, whatever is asked."""
    yield from _answer("TRUE", _NOWHERE)


def _answer(condition: str, error: WindsockError, header: str = "") -> Iterator[str]:
    sound = f"req.hdr(x-request-id) -m reg ^{SOUND_REQUEST_ID}$"
    yield f"http-request set-var(txn.id) req.hdr(x-request-id) if {condition} {{ {sound} }}"
    yield f"http-request set-var-fmt(txn.id) %[uuid] if {condition} !{{ {sound} }}"
    forms = [(form, f" {{ path_beg /{prefix}/ }}") for prefix, form in HTTP_FORMS.items()]
    for form, where in (*forms, (form_of("/"), "")):  # the first that applies is the answer
        yield (
            f"http-request return status {error.code.status} content-type application/json "
            f"{header}hdr x-request-id {_TXN_ID}] lf-string {_body(error, form, _TXN_ID)} "
            f"if {condition}{where}"
        )


def _body(error: WindsockError, form: ErrorForm, id: str) -> str:
    text = form.encode(error.detail(_ID)).decode()
    assert "'" not in text
    return "'" + text.replace(_ID, f"{id},json(utf8s)]") + "'"
