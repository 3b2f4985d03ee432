"""Seals in a Redis, whose ACL lets the service append to them, and not take them back."""

from collections.abc import Iterator
from typing import cast

from redis import Redis
from redis.exceptions import RedisError

_PREFIX = "windsock:seals:"
_TIMEOUT_S = 5.0


class SealRedis:
    """A list of lines for each writer; see ``SealPlace``."""

    def __init__(self, url: str) -> None:
        """Raises ValueError for what is no URL."""
        self._redis = Redis.from_url(
            url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
        )

    def put(self, writer: str, line: bytes) -> None:
        """Raises OSError."""
        try:
            self._redis.rpush(_PREFIX + writer, line)
        except RedisError as error:
            raise _away(error) from None

    def lines(self, writer: str) -> list[bytes]:
        """The oldest first. Raises OSError."""
        try:
            return cast(list[bytes], self._redis.lrange(_PREFIX + writer, 0, -1))
        except RedisError as error:
            raise _away(error) from None

    def writers(self) -> Iterator[str]:
        """All that have a seal. Raises OSError."""
        try:
            names = sorted(self._redis.scan_iter(f"{_PREFIX}*"))
        except RedisError as error:
            raise _away(error) from None
        return (name.decode().removeprefix(_PREFIX) for name in names)


def _away(error: RedisError) -> OSError:
    return OSError(f"Redis: {type(error).__name__}")
