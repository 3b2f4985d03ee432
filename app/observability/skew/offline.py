"""What the offline store says of served rows, by Feast's own point-in-time join."""

import contextlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from deployments.bundle.manifest import Manifest
from deployments.columns import column_of, key_column
from deployments.dtypes import DType, type_of
from deployments.features.feast_values import given
from deployments.features.plan import OnDemandView, ServicePlan, StoredView
from deployments.features.store.feast import DUMMY_ENTITY_ID, FeatureStore
from deployments.features.store.records import reason_of
from deployments.log import get_logger
from training.bundling.cells import reader

logger = get_logger(__name__)

AT, ROW = "event_timestamp", "windsock_row"
_TEN_YEARS = timedelta(days=3650)

Cells = dict[str, list[Any]]


class OfflineUnavailable(Exception):
    """The offline store cannot be asked; the message says why."""


class Offline:
    """The offline store, as far as the feature service of a model goes that was promised."""

    def __init__(self, store: FeatureStore, manifest: Manifest, plan: ServicePlan) -> None:
        self._store = store
        self._schema = manifest.service
        self._plan = plan
        self._stored_alone = False
        self._read = {name: reader(type_of(dtype)) for name, dtype in self.dtypes.items()}

    @property
    def dtypes(self) -> dict[str, DType]:
        """Of the feature columns, those that only on-demand views read included."""
        return self._schema.looked_up

    def join(self, fields: Mapping[str, Sequence[Any]], at: Sequence[float]) -> Cells:
        """The features of rows with these entity keys and request fields (cells, by column) as of
        these instants, epoch seconds; a value that is none of its type as it is. Raises
        OfflineUnavailable."""
        table = self._entities(fields, at)
        try:
            joined = self._joined(table)
        except Exception as error:  # of whatever engine, warehouse, driver or transformation it is
            if self._stored_alone or not self._plan.on_demand:
                raise _unavailable(error) from error
            self._stored_alone = True
            try:
                joined = self._joined(table)
            except Exception:
                raise _unavailable(error) from error
            logger.warning(
                "what on-demand views compute is not compared: Feast's join cannot compute it: %s",
                reason_of(error),
            )
        places: dict[int, int] = {}
        for place, row in enumerate(joined.column(ROW).to_pylist()):
            places.setdefault(int(row), place)
        if len(places) != len(table):
            raise OfflineUnavailable(f"the offline join gave {len(places)} of {len(table)} rows")
        there = set(joined.column_names)
        return {
            name: self._cells(name, joined.column(name).to_pylist(), places)
            for name in self.dtypes
            if name in there
        }

    def _joined(self, table: pd.DataFrame) -> Any:
        with _quiet():
            job = self._store.get_historical_features(
                entity_df=table, features=self._features(), full_feature_names=True
            )
            return job.to_arrow()

    def event_at(
        self, view: StoredView, keys: Sequence[Any], since: float | None, at: float
    ) -> float | None:
        """When the newest event of these keys was, before ``at`` and, where that is known, not
        before ``since``; None where there is none, or the store does not say."""
        source = getattr(view.view, "batch_source", None)
        if source is None:
            return None
        until = datetime.fromtimestamp(at, UTC)
        begin = until - (view.ttl or _TEN_YEARS)
        if since is not None:
            begin = datetime.fromtimestamp(since, UTC)
        named = {new: old for old, new in source.field_mapping.items()}
        columns = [named.get(key, key) for key in view.join_keys if key != DUMMY_ENTITY_ID]
        try:
            with _quiet():
                job = self._store.provider.offline_store.pull_latest_from_table_or_query(
                    config=self._store.config,
                    data_source=source,
                    join_key_columns=columns,
                    feature_name_columns=[],
                    timestamp_field=source.timestamp_field,
                    created_timestamp_column=source.created_timestamp_column or None,
                    start_date=begin,
                    end_date=until,
                )
                rows = job.to_arrow().to_pylist()
        except Exception:  # an example without it is one, too
            return None
        found = [row for row in rows if [row[name] for name in columns] == list(keys)]
        # Some engines answer text; without a zone it is UTC, as everywhere in Feast.
        instants = [pd.to_datetime(row[source.timestamp_field], utc=True) for row in found]
        return max((one.timestamp() for one in instants), default=None)

    def _entities(self, fields: Mapping[str, Sequence[Any]], at: Sequence[float]) -> pd.DataFrame:
        schema, columns = self._schema, {}
        for name, dtype in {**schema.entities, **schema.request}.items():
            if name in (AT, ROW):
                raise OfflineUnavailable(f"a request field is called {name!r}, as Feast's join is")
            made = (key_column if name in schema.entities else column_of)(dtype, fields[name])
            columns[name] = given(dtype, made)
        instants = pd.to_datetime([round(one * 1e6) for one in at], unit="us", utc=True)
        return pd.DataFrame({**columns, ROW: range(len(at)), AT: instants})

    def _features(self) -> Any:
        """What Feast is asked for: the features that were promised and what these are computed of,
        by their names; the service as it is today, where it has views under names of its own, which
        Feast takes of services alone."""
        stored = self._plan.stored
        computed = () if self._stored_alone else self._plan.on_demand
        views: list[StoredView | OnDemandView] = [*stored, *computed]
        plain = all(view.name == view.view.name for view in views)
        if plain and all(view.join_keys == view.fields for view in stored):
            return [f"{view.name}:{name}" for view in views for name in view.features]
        return self._store.get_feature_service(self._schema.service)

    def _cells(self, name: str, values: list[Any], places: Mapping[int, int]) -> list[Any]:
        read = self._read[name]
        cells = []
        for row in range(len(places)):
            value = values[places[row]]
            with contextlib.suppress(TypeError, ValueError, OverflowError):
                value = read(value)
            cells.append(value)
        return cells


def _unavailable(error: Exception) -> OfflineUnavailable:
    return OfflineUnavailable(f"the offline store cannot join: {reason_of(error)}")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without Feast's warnings of its own experiments."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
