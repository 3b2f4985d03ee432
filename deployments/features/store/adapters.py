"""The online stores that Feast has adapters for: what each leaves out of its answers."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from deployments.features.plan import ServiceError, StoredView
from deployments.features.store.feast import EntityKey, FeatureStore
from deployments.features.store.remote import Answer, RemoteStore, check_types

# By the name of the adapter's class; read in Feast 0.67.
REFUSED = {
    "ChrononOnlineStore": "it answers without the time of a row's event, so no age can be told",
    "ElasticSearchOnlineStore": "it answers the ten best hits, in their order and not in the keys'",
    "FaissOnlineStore": "it keeps vectors of numbers in the memory of one process, without times",
    "HbaseOnlineStore": "it leaves out unknown keys, so that others' rows take their places, and "
    "the time of a row's event",
    "HybridOnlineStore": "it forgets all its stores but the first that is used",
    "MilvusOnlineStore": "it stores 0 or an empty text for a value that is missing",
    "QdrantOnlineStore": "it answers points in any order, without the keys that they belong to",
    "ScyllaDBOnlineStore": "it answers a read that failed as a row that is not there; "
    "type: cassandra reads ScyllaDB, too",
}

Read = Callable[[StoredView, Sequence[EntityKey]], Sequence[Answer]]


def adapter_of(store: FeatureStore) -> set[str]:
    """The names of the classes that the store's adapter is of.

    Raises ServiceError for one whose answers cannot be right.
    """
    names = {one.__name__ for one in type(store.provider.online_store).__mro__}
    for name in names & REFUSED.keys():
        raise ServiceError(
            f"the online store {str(store.config.online_store.type)!r} cannot be served from: "
            f"{REFUSED[name]}; use sqlite, redis, postgres or another that is read by key"
        )
    return names


def check_view(store: FeatureStore, view: StoredView) -> None:
    """Raises ServiceError where this store's answers cannot hold what is read of a view."""
    if "RemoteOnlineStore" in adapter_of(store):
        check_types(view)


def online_read(store: FeatureStore) -> Read:
    """How the rows of a view are read from this store, in the order of the keys.

    Raises ServiceError as ``adapter_of``.
    """
    names = adapter_of(store)
    if "RemoteOnlineStore" in names:
        return RemoteStore(store).read
    instant = _of_session if "PostgreSQLOnlineStore" in names else _of_utc

    def read(view: StoredView, keys: Sequence[EntityKey]) -> Sequence[Answer]:
        answers = store.provider.online_read(
            store.config,
            view.view,
            list(keys),
            list(view.features),  # the Redis store appends to it
        )
        return [(at and instant(at), features) for at, features in answers]

    return read


def _of_utc(at: datetime) -> datetime:
    """Adapters write UTC, and some read it without saying so."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def _of_session(at: datetime) -> datetime:
    """Feast sends UTC to PostgreSQL without saying so, and PostgreSQL takes it for, and gives it
    back in, the time zone of the server or of ``PGTZ``."""
    return at.replace(tzinfo=UTC)
