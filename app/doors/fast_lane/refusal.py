"""Saying no to a request without reading it: under overload it must cost next to nothing.

At three times the load that a replica can carry, two of three requests are refused. As an answer
of the application a refusal costs a quarter of a prediction, and half of the goodput with it.
"""

import asyncio
import re
from collections.abc import Callable, Mapping

from app.doors.early import answer_bytes
from app.edge.errors import ErrorForm
from app.edge.http import Headers
from app.edge.observed import METRICS, NO_MODEL
from app.edge.options import FAST_LANE, REQUEST_ID, SOUND_REQUEST_ID, new_request_id
from app.serving.errors import Overloaded
from deployments.model_id import ModelId

_PLAIN = re.compile(rb"POST (/[^ ?]*)[^ ]* HTTP/1\.1\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d{1,8})\r\n", re.IGNORECASE)
_ID = re.compile(rf"\r\n{REQUEST_ID}: *({SOUND_REQUEST_ID})\r\n".encode(), re.IGNORECASE)
# What asks for more than an answer: left to the whole way.
_SPECIAL = re.compile(
    rb"\r\n(?:connection:(?! *keep-alive\r)|expect:|upgrade:|origin:)",
    re.IGNORECASE,
)
# Where there are two of one of these, or this, it is for the parser to say how long the body is.
_TE = b"\ntransfer-encoding"
_ANY_ID = "0" * 32  # stands in an answer that is made once for many


class Refusals:
    """Answers whole, plain requests for the paths that have a form with 429 while ``overload`` says
    why, which is told how many requests were let in that have not come to the queue yet: those of
    this turn of the event loop. ``model`` is the one that they are for."""

    def __init__(
        self,
        overload: Callable[[int], Overloaded | None],
        forms: Mapping[str, ErrorForm] | None = None,
        model: Callable[[], ModelId] = lambda: NO_MODEL,
    ) -> None:
        self._overload = overload
        self._model = model
        self._let_in = 0
        self._forms = {path.encode(): form for path, form in (forms or {}).items()}
        self._made: dict[tuple[bytes, int, ErrorForm], bytes] = {}

    def __call__(self, data: bytes, server_headers: Headers) -> bytes | None:
        """The answer to what a client sent, None where it is to be read."""
        error = self._overload(self._let_in)
        if error is None:
            if not self._let_in:
                asyncio.get_running_loop().call_soon(self._next_turn)
            self._let_in += 1
            return None
        plain = _PLAIN.match(data)
        end = data.find(b"\r\n\r\n") + 2
        form = self._forms.get(plain[1]) if plain else None
        if form is None or end < 2:
            return None
        length = _LENGTH.search(data, 0, end)
        if length is None or len(data) != end + 2 + int(length[1]) or _SPECIAL.search(data, 0, end):
            return None
        head = data[:end].lower()
        if head.count(b"\ncontent-length") != 1 or head.count(b"\nhost:") != 1 or _TE in head:
            return None
        METRICS.answered(self._model(), form.protocol, FAST_LANE, error.code.code)
        if given := _ID.search(data, 0, end):
            return answer_bytes(error, given[1].decode(), server_headers, form)
        date = server_headers[0][1]
        key = date, error.retry_after_s, form
        made = self._made.get(key)
        if made is None:
            made = answer_bytes(error, _ANY_ID, server_headers, form)
            now = {old: answer for old, answer in self._made.items() if old[0] == date}
            self._made = now | {key: made}
        return made.replace(_ANY_ID.encode(), new_request_id().encode())

    def _next_turn(self) -> None:
        self._let_in = 0
