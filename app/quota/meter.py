"""Counts what one principal asks for, in requests and in rows."""

from collections.abc import Callable, Sequence
from math import ceil

from app.quota.bucket import Bucket
from app.quota.fields import Fields, Header
from app.serving.errors import ErrorCode, InvalidRequest, RateLimited


class Meter:
    """The limits of one principal that count at a route.

    Taking raises RateLimited, InvalidRequest for more than there can ever be, and Unavailable where
    nobody knows what is left; then nothing is taken, of any limit.
    """

    __slots__ = ("_clock", "_fields", "_requests", "_rows")

    def __init__(self, buckets: Sequence[Bucket], clock: Callable[[], float]) -> None:
        self._requests = tuple(one for one in buckets if one.limit.unit == "requests")
        self._rows = tuple(one for one in buckets if one.limit.unit == "rows")
        self._fields = Fields(buckets)
        self._clock = clock

    def take_request(self) -> None:
        """Count a request."""
        if self._requests:
            self._take(self._requests, 1)

    def take_rows(self, count: int) -> None:
        """Count so many rows."""
        if self._rows and count:
            self._take(self._rows, count)

    def return_request(self) -> None:
        """Count one less: nothing was done for it."""
        for bucket in self._requests:
            bucket.give_back(1)

    def return_rows(self, count: int) -> None:
        """Count so many rows less."""
        for bucket in self._rows:
            bucket.give_back(count)

    def fields(self) -> list[Header]:
        """What an answer says of these limits, as headers of HTTP."""
        return self._fields.headers()

    def _take(self, buckets: tuple[Bucket, ...], count: int) -> None:
        now = self._clock()
        for bucket in buckets:
            if not bucket.take(count, now):
                for taken in buckets[: buckets.index(bucket)]:
                    taken.give_back(count)
                raise _refusal(bucket, count)


def _refusal(bucket: Bucket, count: int) -> Exception:
    limit = bucket.limit
    allowed = f"{limit.quota} {limit.unit} within {limit.window_s} s are allowed ({limit.name})"
    if count > bucket.largest:
        most = int(bucket.largest)
        return InvalidRequest(
            ErrorCode.BATCH_TOO_LARGE,
            f"{count} {limit.unit} at once are too many: {allowed}, send {most} or fewer at a time",
        )
    seconds = max(1, ceil(bucket.wait_s(count)))
    return RateLimited(f"{allowed}: try again in {seconds} s", seconds)
