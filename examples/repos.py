"""What Feast's commands do with an example's repo, without their output."""

import contextlib
import io
import runpy
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
from feast import Entity, FeatureService, FeatureStore, FeatureView, OnDemandFeatureView

_DEFINITIONS = (Entity, FeatureView, OnDemandFeatureView, FeatureService)


def apply(repo: Path, store_yaml: Path | None = None) -> FeatureStore:
    """What `feast apply` does in ``repo``, whose definitions are in one file."""
    (file,) = repo.glob("*.py")
    defined = runpy.run_path(str(file)).values()
    store = FeatureStore(repo_path=str(repo), fs_yaml_file=store_yaml)
    with quiet():
        store.apply([part for part in defined if isinstance(part, _DEFINITIONS)])
    return store


def materialize(store: FeatureStore, until: datetime) -> None:
    """Fill the online store as of ``until``."""
    with quiet():
        store.materialize(until - timedelta(days=500), until)


def join(store: FeatureStore, service: str, rows: pd.DataFrame) -> pd.DataFrame:
    """``rows`` with every feature of the service as of their ``event_timestamp``, in the order of
    what is no array in them."""
    with quiet():
        joined = store.get_historical_features(
            entity_df=rows,
            features=store.get_feature_service(service),
            full_feature_names=True,
        ).to_df()
    ordered = [str(name) for name in rows if pd.api.types.is_scalar(rows[name].iloc[0])]
    return joined.sort_values(ordered, ignore_index=True)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Feast's progress, and its warnings of its own experiments and deprecations, left out."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
