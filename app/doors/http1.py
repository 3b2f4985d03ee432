"""uvicorn's HTTP/1 protocol, as every door of ours has it: strict where requests could be smuggled,
deaf to offers of another protocol, and refusing in the form of the application."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.doors.early import answer_bytes, malformed
from app.doors.handshake import fault
from app.doors.http10 import as_spoken
from app.edge.errors import log_unforeseen, public_error
from app.edge.observed import METRICS, NO_MODEL
from app.edge.options import RAY_HTTP, RequestOptions
from app.protocols.error_forms import form_of
from app.serving.errors import ErrorCode, InvalidRequest

MAX_HEAD_BYTES = 2**14
"""Longest request line and headers together. An HAProxy in front takes twice that, so that it is
this that refuses."""
MAX_HEADERS = 100
"""Most headers of a request; an HAProxy takes twice as many."""

_OFFERS = {b"upgrade", b"http2-settings"}
_HTTP2 = "it is one of HTTP/2, which is not spoken here"
_SLASH = ord("/")
_FAREWELL_S = 2.0
_DROPPED: Any = deque(maxlen=0)


class Http1(HttpToolsProtocol):
    """One connection. Of what the parser lets through, these are refused, too: a head over
    MAX_HEAD_BYTES or MAX_HEADERS, other versions than 1.0 and 1.1, a request of 1.1 without exactly
    one Host, a Transfer-Encoding in one of 1.0, CONNECT."""

    head_since: float | None = None
    """When the head that is arriving began; None where none is."""
    _head_bytes = 0
    _segment_bytes = 0
    _hosts = 0
    door: ClassVar[str] = RAY_HTTP
    """What metrics call it by."""
    refused = False
    """Whether it has been answered that it sent no request, and is read no further."""

    def data_received(self, data: bytes) -> None:
        if self.refused:
            return
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        self._segment_bytes = len(data)
        if self.head_since is not None:
            self._head_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._upgrade(memoryview(data)[offer.args[0] :])
        except httptools.HttpParserError as error:
            self._refuse(_reason(error))
        else:
            if self.head_since is not None and self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(_too_large())

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.head_since = self.loop.time()
        self._head_bytes = self._hosts = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        self.headers.append((name, value))
        if name == b"host":
            self._hosts += 1
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True

    def on_headers_complete(self) -> None:
        if len(self.headers) > MAX_HEADERS or (
            (self._head_bytes or self._segment_bytes > MAX_HEAD_BYTES)
            and _size(self.url, self.headers) > MAX_HEAD_BYTES
        ):
            raise _too_large()
        if self._hosts != 1 and (self._hosts or self.parser.get_http_version() == "1.1"):
            raise malformed(f"it has {self._hosts or 'no'} Host headers")
        if self.url[0] != _SLASH:
            self.url = _origin_form(self.url)
        super().on_headers_complete()
        self.head_since = None
        if not self.parser.should_upgrade():
            self.headers = _DROPPED  # trailers are no headers

    def _should_upgrade(self) -> bool:
        # To uvicorn every offer is one that it leaves alone; what becomes of it is decided below.
        return True

    def _upgrade(self, rest: memoryview) -> None:
        """Open a socket, or go on behind this head as if it had offered nothing."""
        try:
            while True:
                if self.scope["method"] == "CONNECT":
                    self._refuse(InvalidRequest(ErrorCode.METHOD_NOT_ALLOWED, "this is no proxy"))
                    return
                if self._wants_socket():
                    if why := fault(self._head(self.headers)):
                        self._refuse(why, read=True)
                    else:
                        self.handle_websocket_upgrade()
                    return
                self._begin_anew()
                self.parser.feed_data(self._head(self._without_offer()))
                try:
                    self.parser.feed_data(rest)
                except httptools.HttpParserUpgrade as offer:
                    rest = rest[offer.args[0] :]
                else:
                    return
        except httptools.HttpParserError as error:
            self._refuse(_reason(error))

    def _wants_socket(self) -> bool:
        upgrade = [value.lower() for name, value in self.headers if name == b"upgrade"]
        return (
            self.ws_protocol_class is not None
            and self.scope["method"] == "GET"
            and upgrade == [b"websocket"]
        )

    def _begin_anew(self) -> None:
        """Another parser: one that has seen an offer with ``Connection: close``, or of HTTP/1.0, is
        deaf to what is behind it."""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)

    def _head(self, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        version = self.scope["http_version"].encode()
        first = b"%b %b HTTP/%b" % (self.scope["method"].encode(), self.url, version)
        return b"\r\n".join([first, *(b"%b: %b" % one for one in headers), b"", b""])

    def _without_offer(self) -> Iterator[tuple[bytes, bytes]]:
        for name, value in self.headers:
            if name == b"connection":
                tokens = [token.strip() for token in value.split(b",")]
                kept = b", ".join(token for token in tokens if token.lower() not in _OFFERS)
                if kept:
                    yield name, kept
            elif name not in _OFFERS:
                yield name, value

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        spoken: Any = as_spoken(app, cycle, self.door)
        super()._start_asgi_task(cycle, spoken)

    def _refuse(self, why: Exception, *, read: bool = False) -> None:
        """Answer what is no request, or what must not come to the application, and close; ``read``
        is whether its whole head has been."""
        self.refused = True
        cycle, in_head = self.cycle, self.head_since is not None
        unanswered = cycle is not None and not cycle.response_complete
        own_body = cycle is not None and cycle.more_body and not in_head
        if unanswered and not own_body:
            cycle.keep_alive = False  # the request before is answered, and is the last
            return
        if unanswered:
            cycle.disconnected = True
            cycle.message_event.set()
        if own_body and (cycle.response_started or self.pipeline):
            self.transport.close()
            return
        known = read or in_head or own_body
        options = RequestOptions([*self.scope["headers"]] if known else ())
        path = self.url.partition(b"?")[0].decode() if known else "/"
        log_unforeseen(why, options.request_id)
        error, form = public_error(why), form_of(path)
        METRICS.answered(NO_MODEL, form.protocol, self.door, error.code.code)
        server_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        self.transport.write(answer_bytes(error, options.request_id, server_headers, form))
        if self.transport.can_write_eof():
            # Closed at once, with more of its data on the way, the kernel would reset the
            # connection and take the answer back.
            self.transport.write_eof()
            self.loop.call_later(_FAREWELL_S, self.transport.close)
        else:
            self.transport.close()


def _size(url: bytes, headers: Sequence[tuple[bytes, bytes]]) -> int:
    """Bytes of a head, but for its method and version."""
    return len(url) + sum(len(name) + len(value) + 4 for name, value in headers)


def _origin_form(target: bytes) -> bytes:
    """What is to be had of the host that an absolute target names, which is this one to itself.
    Raises InvalidRequest."""
    try:
        url = httptools.parse_url(target)
    except httptools.HttpParserError:
        raise malformed("its target is neither a path nor a URL") from None
    if url.schema is None:
        return target  # that of CONNECT, or of OPTIONS for all
    return (url.path or b"/") + (b"?" + url.query if url.query else b"")


def _reason(error: httptools.HttpParserError) -> Exception:
    """Why a request is refused: the parser's own words, or what a check of ours has raised."""
    if isinstance(error, httptools.HttpParserCallbackError):
        raised = error.__context__
        if isinstance(raised, Exception) and not isinstance(raised, httptools.HttpParserError):
            return raised
    return malformed(_HTTP2 if "PRI" in str(error) else str(error))


def _too_large() -> InvalidRequest:
    return InvalidRequest(
        ErrorCode.HEADERS_TOO_LARGE,
        f"the head of a request has at most {MAX_HEAD_BYTES} bytes and {MAX_HEADERS} headers",
    )
