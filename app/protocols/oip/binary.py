"""The binary tensor extension
(https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md):
a body is JSON, and behind it the data of the tensors that say how many bytes they take, in order.
"""

from app.edge.options import JSON_LENGTH
from app.serving.errors import ErrorCode, InvalidRequest

HEADER = JSON_LENGTH
_SHOWN = 100


def split(body: bytes, header: bytes | None) -> tuple[bytes, "Tail"]:
    """The JSON of a body, and what is behind it. Raises InvalidRequest."""
    if header is None:
        return body, Tail(body, len(body))
    if not header.isdigit() or len(header) > 18 or int(header) > len(body):
        raise InvalidRequest(
            ErrorCode.MALFORMED_BODY,
            f"{HEADER} must be the length of the JSON in bytes, at most the body's {len(body)}",
            HEADER,
        )
    length = int(header)
    return body[:length], Tail(body, length)


class Tail:
    """What is behind the JSON of a body, taken tensor by tensor."""

    def __init__(self, body: bytes, at: int) -> None:
        self._body = memoryview(body)
        self._at = at

    def take(self, name: str, size: int) -> memoryview:
        """The next ``size`` bytes, for this tensor. Raises InvalidRequest."""
        left = len(self._body) - self._at
        if size > left:
            raise InvalidRequest(
                ErrorCode.MALFORMED_BODY,
                f"{name[:_SHOWN]}: its binary data take {size} bytes, {left} are left in the body",
                name[:_SHOWN],
            )
        self._at += size
        return self._body[self._at - size : self._at]

    def close(self) -> None:
        """Raises InvalidRequest where something is left."""
        left = len(self._body) - self._at
        if left:
            raise InvalidRequest(
                ErrorCode.MALFORMED_BODY, f"{left} bytes behind the JSON belong to no tensor"
            )
