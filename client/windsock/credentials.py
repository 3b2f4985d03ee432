"""What a client shows of who it is, with each request and handshake and in no other place."""

import os
import re
from collections.abc import Callable

from windsock.errors import Misconfigured

Key = str | Callable[[], str]
"""An API key or a token, or what gives the one of the moment: tokens expire."""

VARIABLE = "WINDSOCK_KEY"
"""The environment variable that has the key where none is given."""

# What a header may hold of RFC 6750 (2.1), and nothing with which another header could begin.
_SOUND = re.compile(r"[!-~]+")


class Credentials:
    """A key, or none. Neither its text nor an error's has the key in it."""

    __slots__ = ("_key",)

    def __init__(self, key: Key | None) -> None:
        self._key = key if key is None or callable(key) else _sound(key, "key")

    def __repr__(self) -> str:
        return f"Credentials({'...' if self._key else None})"

    @classmethod
    def of_environment(cls) -> "Credentials":
        """Those that WINDSOCK_KEY has. Raises Misconfigured."""
        key = os.environ.get(VARIABLE)
        return cls(_sound(key, VARIABLE) if key else None)

    def headers(self) -> dict[str, str]:
        """For one request. Raises Misconfigured where the key of the moment cannot be had."""
        key = self._key
        if key is None:
            return {}
        if not isinstance(key, str):
            try:
                given = key()
            except Exception as error:
                name = type(error).__name__
                raise Misconfigured(f"key() gives no key: it raises {name}") from error
            key = _sound(given, "what key() gives")
        return {"authorization": f"Bearer {key}"}


def _sound(key: object, name: str) -> str:
    # Read from a file it ends with a line.
    if isinstance(key, str) and _SOUND.fullmatch(found := key.strip()):
        return found
    raise Misconfigured(f"{name} must be an API key or a token: ASCII text without spaces")
