"""Fill the online store with what was known at the instant at which the service's clock stands.

    python -m training.flights.materialize --config serve_config.yaml

Works on whatever online store the repo is configured for. Feast's `materialize-incremental`
counts back from the wall clock, which sees nothing of 2013: here the interval is explicit, from
the clock's instant minus the view's time to live (10 years where it never expires), so that the
store answers as it would have then.
"""

import argparse
import contextlib
import io
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deployments.features import watermark
from deployments.features.clock import ReplayClock
from deployments.features.lookup import open_store
from deployments.features.settings import LookupSettings
from deployments.features.store.feast import FeatureStore, FeatureView
from training.bundling.documents import read, validated
from training.flights.paths import FEATURE_REPO, ROOT
from training.progress import Step


def clock_start(config: Path) -> datetime:
    """Where the clock of a Serve config's `x-features` starts: now, for the wall clock. Raises
    ValueError."""
    document = read(config)
    features = document.get("x-features") if isinstance(document, dict) else None
    clock = validated(config, features, LookupSettings).clock
    return clock.start if isinstance(clock, ReplayClock) else datetime.now(UTC)


def forget_later(
    store: FeatureStore, views: list[FeatureView], until: datetime, replayed: datetime | None = None
) -> list[str]:
    """Empty the views whose last fill, or a replay, went beyond `until`, and name them.

    Feast overwrites what it writes but removes nothing, so going back in time without this
    would leave values from the future wherever the shorter past has none.
    """
    ahead = [
        view
        for view in views
        if (view.materialization_intervals and view.materialization_intervals[-1][1] > until)
        or (replayed is not None and replayed > until)
    ]
    for delete, keep in ((ahead, []), ([], ahead)):
        store.provider.update_infra(store.project, delete, keep, [], [], partial=True)
    return [view.name for view in ahead]


def replayed_until(config: Path) -> tuple[Path | None, datetime | None]:
    """The file by which replays move the clock of a Serve config, and how far they have come.
    Raises ValueError."""
    document = read(config)
    args = document.get("x-args") if isinstance(document, dict) else None
    replay = ((args or {}).get("observability") or {}).get("replay") or {}
    if "clock" not in replay:
        return None, None
    path = config.resolve().parent / str(replay["clock"])
    instant = watermark.read(path)
    return path, None if instant is None else datetime.fromtimestamp(instant, UTC)


def materialize(store: FeatureStore, until: datetime, replayed: datetime | None = None) -> None:
    """Write the latest row of each key within the time to live before `until`, view by view; a
    replay may have gone beyond it."""
    views = store.list_batch_feature_views()
    if emptied := forget_later(store, views, until, replayed):
        print(f"back in time: emptied {len(emptied)} views first", flush=True)
    with Step("filling the online store", len(views)) as step:
        for view in views:
            start = until - (view.ttl or timedelta(days=3650))
            silent = io.StringIO()
            with contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent):
                store.materialize(start, until, feature_views=[view.name])
            step.advance()
        step.result = f"{len(views)} views"


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--config",
        type=Path,
        default=ROOT / "serve_config.yaml",
        help="whose clock to fill the store for (default: %(default)s)",
    )
    arguments = parser.parse_args(argv)
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="ibis")
    until = clock_start(arguments.config)
    clock, replayed = replayed_until(arguments.config)
    store = open_store(FEATURE_REPO, None)
    materialize(store, until, replayed)
    if clock is not None:
        clock.unlink(missing_ok=True)  # the store is as the config's own clock has it again
    print(f"{store.config.online_store.type} online store: as of {until.isoformat()}")


if __name__ == "__main__":
    main()
