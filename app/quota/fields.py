"""What answers say of limits: ``RateLimit-Policy`` and ``RateLimit`` of
draft-ietf-httpapi-ratelimit-headers-11, as structured fields (RFC 9651).

Rows are no unit of the draft's registry. They are named all the same, since a policy that names no
unit is one of requests; a client that does not know the unit leaves the policy alone.
"""

from collections.abc import Sequence

from app.quota.bucket import Bucket

Header = tuple[bytes, bytes]

_POLICY, _LIMIT = b"ratelimit-policy", b"ratelimit"
_UNITS = {"requests": "", "rows": ';qu="rows"'}


class Fields:
    """Of these buckets: for each its quota, its unit where that is not requests, and its window;
    what is left, and for how many seconds it will be no more (``t``), where that is one at least:
    most have more within the second."""

    __slots__ = ("_buckets", "_format", "_policy", "_slow")

    def __init__(self, buckets: Sequence[Bucket]) -> None:
        limits = [bucket.limit for bucket in buckets]
        policy = ",".join(
            f'"{limit.name}";q={limit.quota}{_UNITS[limit.unit]};w={limit.window_s}'
            for limit in limits
        )
        self._policy = (_POLICY, policy.encode())
        self._buckets = buckets
        self._slow = any(limit.quota < limit.window_s for limit in limits)
        one = '"{}";r=%d%b' if self._slow else '"{}";r=%d'
        self._format = ",".join(one.format(limit.name) for limit in limits).encode()

    def headers(self) -> list[Header]:
        """Both fields, as they are now."""
        left: list[float | bytes]
        if self._slow:
            left = [part for bucket in self._buckets for part in (bucket.left(), _until(bucket))]
        else:
            left = [bucket.left() for bucket in self._buckets]
        return [self._policy, (_LIMIT, self._format % tuple(left))]


def _until(bucket: Bucket) -> bytes:
    left = int(bucket.left())
    seconds = int(bucket.wait_s(left + 1)) if left < bucket.limit.quota else 0
    return b";t=%d" % seconds if seconds else b""
