"""What HAProxy keeps open, and what it answers by itself, in the forms of the application."""

from collections.abc import Iterable, Iterator, Mapping

from app.edge.errors import ErrorForm
from app.edge.options import SOUND_REQUEST_ID
from app.protocols.error_forms import HTTP_FORMS, form_of
from app.serving.errors import (
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
_AWAY = Unavailable("no replica can be reached")
_SLOW = TimedOut("the request did not arrive in time")
_OWN_ERRORS: Mapping[int, WindsockError] = {
    408: _SLOW,
    500: WindsockError("an unexpected error of the proxy"),
    502: Unavailable("a replica broke off before it had answered"),
    503: _AWAY,
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


def too_many(backend: str, which: str = "") -> Iterator[str]:
    """Rules of a frontend: 429 for a prediction while no server of the backend, of which some are
    up, has a place free. What is no prediction waits for one. ``which`` names an ACL that the
    request must meet.

    They are not logged: each line would cost as much as the answer, and Serve, which reads them,
    as much again. HAProxy counts them (``haproxy_frontend_http_responses_total``)."""
    yield f"acl {backend}_up nbsrv({backend}) gt 0"
    yield f"acl {backend}_full be_conn_free({backend}) eq 0"
    # Looked at once: it takes a look at every server.
    busy = f"METH_POST {which} {backend}_up {backend}_full"
    yield f"http-request set-var(txn.busy) bool(true) if {busy}"
    busy = "{ var(txn.busy) -m bool }"
    yield f"http-request set-log-level silent if {busy}"
    yield from _answer(busy, _BUSY, f"hdr retry-after {_BUSY.retry_after_s} ")


def none_there(backend: str) -> Iterator[str]:
    """Rules of a frontend: 503 while no server of the backend is up."""
    yield from _answer(f"{{ nbsrv({backend}) eq 0 }}", _AWAY)


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
