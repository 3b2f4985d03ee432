"""What answers say of limits: ``RateLimit-Policy`` and ``RateLimit`` of
draft-ietf-httpapi-ratelimit-headers-11, as structured fields (RFC 9651).

Rows are no unit of the draft's registry. They are named all the same, since a policy that names no
unit is one of requests; a client that does not know the unit leaves the policy alone.
"""

from collections.abc import Iterable

from app.quota.bucket import Bucket

POLICY, LIMIT = b"ratelimit-policy", b"ratelimit"


def policy(buckets: Iterable[Bucket]) -> bytes:
    """Of each limit its quota, its unit where that is not requests, and its window in seconds."""
    limits = [bucket.limit for bucket in buckets]
    return ",".join(
        f'"{limit.name}";q={limit.quota}{_UNITS[limit.unit]};w={limit.window_s}' for limit in limits
    ).encode()


def service_limits(buckets: Iterable[Bucket]) -> bytes:
    """Of each limit what is left, and for how many seconds it will be no more (``t``), where that
    is one at least: most buckets have more within the second."""
    told = []
    for bucket in buckets:
        left = bucket.left()
        whole = int(left) if left > 0 else 0
        seconds = int(bucket.wait_s(whole + 1))
        more = f";t={seconds}" if seconds > 0 and whole < bucket.limit.quota else ""
        told.append(f'"{bucket.limit.name}";r={whole}{more}')
    return ",".join(told).encode()


_UNITS = {"requests": "", "rows": ';qu="rows"'}
