"""What is known of the online store, and of each view in it: whether it can be read."""

import time
from collections.abc import Collection, Sequence

from deployments.features.metrics import LookupMetrics
from deployments.features.plan import StoredView
from deployments.features.store.breaker import Breaker
from deployments.features.store.records import Faults, reason_of
from deployments.log import get_logger

logger = get_logger(__name__)

_TELL_EVERY_S = 60.0

ViewId = tuple[str, str]


def view_id(view: StoredView) -> ViewId:
    """Tells views apart, also where two services give two views one name."""
    return view.name, view.view.name


class StoreHealth:
    """Keeps the breaker of the store, and apart from it the views that fail alone; tells both to
    the log and to metrics."""

    def __init__(self, metrics: LookupMetrics) -> None:
        self.breaker = Breaker()
        self.broken: dict[ViewId, StoredView] = {}
        """Views that cannot be read although the store answers."""
        self._metrics = metrics
        self._views: dict[ViewId, StoredView] = {}
        self._failing_since = 0.0
        self._told: dict[ViewId, float] = {}

    @property
    def sound(self) -> bool:
        """Whether nothing has to be looked for."""
        return self.breaker.closed and not self.broken

    def learn(self, views: Sequence[StoredView]) -> list[StoredView]:
        """Remember views; those that had not been known."""
        fresh = [view for view in views if view_id(view) not in self._views]
        self._views |= {view_id(view): view for view in fresh}
        return fresh

    def readable(self, but: Collection[ViewId] = ()) -> list[StoredView]:
        """The known views that are not broken, without some; from any thread."""
        known = list(self._views.items())
        return [view for id, view in known if id not in self.broken and id not in but]

    def last(self, view: StoredView) -> None:
        """Have a view tried after all others from now on."""
        id = view_id(view)
        self._views[id] = self._views.pop(id, view)
        if id in self.broken:
            self.broken[id] = self.broken.pop(id)

    def failed(self, failure: BaseException, limit: int) -> None:
        """No view could be read; the breaker opens with the ``limit``-th time in a row."""
        self._metrics.store_failed()
        self.broken.clear()  # none is worse than the others now
        self._metrics.broken_views(0)
        if self.breaker.failures == 0:
            self._failing_since = time.monotonic()
            logger.warning("the online store failed once: %s", reason_of(failure), exc_info=failure)
        if self.breaker.failed(limit):
            logger.error(
                "the online store cannot be read (%s): until it can, last known values and "
                "defaults are served as the policies allow",
                reason_of(failure),
            )
        self._metrics.breaker_state(self.breaker.state)

    def trying(self) -> None:
        """The store is tried, if it is left alone."""
        if not self.breaker.closed:
            self.breaker.trying()
            self._metrics.breaker_state(self.breaker.state)

    def answered(self) -> None:
        """Some view could be read."""
        back = not self.breaker.closed
        self.breaker.succeeded()
        if back:
            self._metrics.breaker_state(self.breaker.state)
            lasted_s = time.monotonic() - self._failing_since
            logger.warning("the online store can be read again, after %.1f s", lasted_s)

    def view_failed(self, view: StoredView, failure: BaseException) -> None:
        """This view cannot be read, others can."""
        if view_id(view) in self.broken:
            return
        self._metrics.store_failed()
        self.broken[view_id(view)] = view
        self._metrics.broken_views(len(self.broken))
        logger.error(
            "feature view %r cannot be read (%s), others can: run `feast apply` and `feast "
            "materialize` if it has not been; until it can be read, last known values and "
            "defaults are served for it as its policy allows",
            view.name,
            reason_of(failure),
        )

    def view_answered(self, view: StoredView) -> None:
        """This view can be read."""
        if self.broken.pop(view_id(view), None) is not None:
            self._metrics.broken_views(len(self.broken))
            logger.warning("feature view %r can be read again", view.name)

    def records_failed(self, view: StoredView, faults: Faults) -> None:
        """Rows of a view cannot be used, though the store has them."""
        self._metrics.records_failed(view.name, len(faults))
        now = time.monotonic()
        if now - self._told.get(view_id(view), -_TELL_EVERY_S) < _TELL_EVERY_S:
            return
        self._told[view_id(view)] = now
        key, reason = next(iter(faults.items()))
        logger.error(
            "feature view %r: %d stored rows cannot be used, the first by %s (%s): defaults are "
            "served for them until they are written anew, as `feast materialize` does",
            view.name,
            len(faults),
            dict(zip(view.fields, key, strict=True)),
            reason,
        )
