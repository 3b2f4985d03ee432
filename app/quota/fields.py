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

    __slots__ = ("_policy", "_told")

    def __init__(self, buckets: Sequence[Bucket]) -> None:
        limits = [bucket.limit for bucket in buckets]
        policy = ",".join(
            f'"{limit.name}";q={limit.quota}{_UNITS[limit.unit]};w={limit.window_s}'
            for limit in limits
        )
        self._policy = (_POLICY, policy.encode())
        self._told = [
            (bucket, f'"{limit.name}";r='.encode(), limit.quota < limit.window_s)
            for bucket, limit in zip(buckets, limits, strict=True)
        ]

    def headers(self) -> list[Header]:
        """Both fields, as they are now."""
        told = [_service_limit(*one) for one in self._told]
        return [self._policy, (_LIMIT, told[0] if len(told) == 1 else b",".join(told))]


def _service_limit(bucket: Bucket, name: bytes, slow: bool) -> bytes:
    left = max(0, int(bucket.left()))
    if slow and left < bucket.limit.quota and (seconds := int(bucket.wait_s(left + 1))):
        return b"%b%d;t=%d" % (name, left, seconds)
    return b"%b%d" % (name, left)
