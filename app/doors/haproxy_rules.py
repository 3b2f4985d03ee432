"""What HAProxy keeps open, and what it answers by itself, in the forms of the application."""

from collections.abc import Iterable, Iterator

from app.edge.errors import ErrorForm
from app.edge.options import SOUND_REQUEST_ID
from app.protocols.error_forms import HTTP_FORMS, form_of
from app.serving.errors import Overloaded, Unavailable, WindsockError

# By default it closes connections to replicas after each request where clients hold a quarter of
# the descriptors that it may have, and a replica accepts fewer a second than it could answer.
KEEP = ("tune.pool-low-fd-ratio 90", "tune.pool-high-fd-ratio 95")
"""Lines of the global section, for connections to replicas that last."""

_ID = "request-id"
_BUSY = Overloaded("all replicas are busy: try again shortly")
_AWAY = Unavailable("no replica can be reached")


def indented(lines: Iterable[str]) -> str:
    """Lines as they stand in a section."""
    return "\n".join(f"    {line}" for line in lines)


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
            f"{header}hdr x-request-id %[var(txn.id)] lf-string {_body(error, form)} "
            f"if {condition}{where}"
        )


def _body(error: WindsockError, form: ErrorForm) -> str:
    text = form.encode(error.detail(_ID)).decode()
    assert "'" not in text
    return "'" + text.replace(_ID, "%[var(txn.id),json(utf8s)]") + "'"
