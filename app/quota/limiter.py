"""The limits of principals, and what each of them has left."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import monotonic
from weakref import WeakValueDictionary

from app.access.principal import Limit, Principal, Scope
from app.edge.route import Access
from app.quota.bucket import Bucket, LocalBucket
from app.quota.meter import Meter

BucketOf = Callable[[str, Limit, float], Bucket]
"""Makes the bucket of a principal, by its id, for a limit, at a time of the limiter's clock."""

_FEW = 1024


class _Tenant:
    """A principal's meters, by the scope of a route where some of its limits have one."""

    __slots__ = ("buckets", "limits", "meters", "others")

    def __init__(
        self, limits: Sequence[Limit], buckets: Sequence[Bucket], clock: Callable[[], float]
    ) -> None:
        self.limits = limits
        self.buckets = buckets

        def meter(scope: Scope | None) -> Meter | None:
            counted = [one for one in buckets if one.limit.scope in (None, scope)]
            return Meter(counted, clock) if counted else None

        self.others = meter(None)
        self.meters: Mapping[Scope | Access, Meter | None] = {
            limit.scope: meter(limit.scope)
            for limit in (bucket.limit for bucket in buckets)
            if limit.scope is not None
        }


class Limits:
    """The limits that ``every`` principal has, unless it has one of the same name itself."""

    def __init__(
        self, every: Iterable[Limit], bucket_of: BucketOf, clock: Callable[[], float] = monotonic
    ) -> None:
        self._every = {limit.name: limit for limit in every}
        self._bucket_of = bucket_of
        self._clock = clock
        self._tenants: OrderedDict[str, _Tenant] = OrderedDict()
        # So that whoever is forgotten, or gets other limits, has what its streams still count with.
        self._buckets: WeakValueDictionary[tuple[str, Limit], Bucket] = WeakValueDictionary()

    def meter(self, principal: Principal, access: Access | Scope) -> Meter | None:
        """What counts for this principal where ``access`` is asked for; None: nothing does."""
        tenant = self._tenants.get(principal.id)
        if tenant is None or tenant.limits is not principal.limits:
            tenant = self._tenant(principal, tenant)
        if tenant.meters:
            return tenant.meters.get(access, tenant.others)
        return tenant.others

    def _tenant(self, principal: Principal, known: _Tenant | None) -> _Tenant:
        if known is not None and known.limits == principal.limits:
            known.limits = principal.limits
            return known
        now = self._clock()
        self._forget(now)
        own = {limit.name: limit for limit in principal.limits}
        limits = (self._every | own).values()
        buckets = [self._bucket(principal.id, limit, now) for limit in limits]
        tenant = self._tenants[principal.id] = _Tenant(principal.limits, buckets, self._clock)
        return tenant

    def _bucket(self, id: str, limit: Limit, now: float) -> Bucket:
        bucket = self._buckets.get((id, limit))
        if bucket is None:
            bucket = self._buckets[id, limit] = self._bucket_of(id, limit, now)
        return bucket

    def _forget(self, now: float) -> None:
        """Make room for a new one. Of so many as there are, each comes its turn: who has everything
        back is forgotten, since it would be the same as new."""
        for _ in range(min(2, len(self._tenants) - _FEW)):
            id, tenant = self._tenants.popitem(last=False)
            if not all(bucket.full(now) for bucket in tenant.buckets):
                self._tenants[id] = tenant


class LocalLimiter(Limits):
    """Each replica by itself: it has one of ``parts`` of each limit."""

    def __init__(
        self, every: Iterable[Limit], parts: int = 1, clock: Callable[[], float] = monotonic
    ) -> None:
        super().__init__(every, lambda _, limit, now: LocalBucket(limit, now, parts), clock)

    async def start(self) -> None:
        """There is nothing to wait for."""

    async def close(self) -> None:
        """Nor to end."""

    def problems(self) -> list[str]:
        """Nothing can be wrong with it."""
        return []
