"""The skew check over the warehouse."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from feast import FeatureStore

from app.observability.skew.check import SkewCheck
from app.observability.skew.report import SkewReport, ViewSkew
from app.observability.skew.sampler import SkewSampler
from app.observability.skew.settings import SkewSettings
from app.observability.skew.work import SkewWork
from deployments.bundle.bundle import BundleStore
from tests.support.warehouse import fill, serving


def skew_settings(folder: Path, **settings: Any) -> SkewSettings:
    """That keep all in this folder, and sample all that is served."""
    given = {"rows_per_minute": 60_000, "least_rows": 5, **settings}
    return SkewSettings.model_validate(
        {
            **given,
            "journal": {
                "directory": folder / "served",
                "seals": {
                    "directory": folder / "seals",
                    "key": {"file": folder / "seals.key"},
                },
            },
        }
    )


def check(settings: SkewSettings, folder: Path, store: FeatureStore) -> SkewCheck:
    return SkewCheck(settings, BundleStore(folder / "models"), lambda: store, "m")


def work(settings: SkewSettings, folder: Path, store: FeatureStore) -> SkewWork:
    return SkewWork(settings, check(settings, folder, store))


async def compared(
    folder: Path,
    store: FeatureStore,
    late: dict[str, timedelta] | None = None,
    lookup: dict[str, Any] | None = None,
    **settings: Any,
) -> dict[str, ViewSkew]:
    """The views, of rows that are served from an online store some views of which are late."""
    fill(store, late)
    given = skew_settings(folder, **settings)
    async with serving(folder, store, SkewSampler(given), **lookup or {}) as served:
        await served.ask()
    return by_view(check(given, folder, store).run(0, time.time_ns()))


def by_view(report: SkewReport) -> dict[str, ViewSkew]:
    assert not report.problems, report.problems
    return {view.view: view for view in report.views}
