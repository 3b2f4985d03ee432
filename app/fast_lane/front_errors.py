"""What HAProxy answers by itself, in the forms of the application."""

from collections.abc import Callable, Iterator

from app.errors import ErrorDetail, Overloaded, Unavailable, WindsockError, own_form
from app.protocols.oip import PREFIX as OIP
from app.protocols.oip.errors import error_form

_ID = "request-id"
_BUSY = Overloaded("all replicas are busy: try again shortly")
_AWAY = Unavailable("no replica can be reached")


def refusals(backend: str) -> Iterator[str]:
    """The rules of a frontend: 429 for a prediction while no server of the backend has a place
    free, 503 while none is up. What is no prediction waits for a place."""
    yield f"acl up nbsrv({backend}) gt 0"
    yield f"acl full be_conn_free({backend}) eq 0"
    yield f"acl oip path_beg /{OIP}/"
    yield "acl sound_id req.hdr(x-request-id) -m reg ^[!-~]{1,128}$"
    for condition, error, header in (
        ("up full METH_POST", _BUSY, f"hdr retry-after {_BUSY.retry_after_s} "),
        ("!up", _AWAY, ""),
    ):
        yield f"http-request set-var(txn.id) req.hdr(x-request-id) if {condition} sound_id"
        yield f"http-request set-var-fmt(txn.id) %[uuid] if {condition} !sound_id"
        for form, which in ((error_form, "oip"), (own_form, "!oip")):
            yield (
                f"http-request return status {error.code.status} content-type application/json "
                f"{header}hdr x-request-id %[var(txn.id)] lf-string {_body(error, form)} "
                f"if {condition} {which}"
            )


def _body(error: WindsockError, form: Callable[[ErrorDetail], bytes]) -> str:
    text = form(error.detail(_ID)).decode()
    assert "'" not in text
    return "'" + text.replace(_ID, "%[var(txn.id),json(utf8s)]") + "'"
