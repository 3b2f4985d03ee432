"""Fill the online store with what was known at one instant.

    python -m training.flights.materialize --until 2013-12-03T14:15:00Z

Works on whatever online store the repo is configured for. Feast's `materialize-incremental`
counts back from the wall clock, which sees nothing of 2013: here the interval is explicit, from
`until` minus the view's time to live (10 years where it never expires), so that the store answers
as it would have at `until`.
"""

import argparse
import contextlib
import io
import warnings
from datetime import UTC, datetime, timedelta

from feast import FeatureStore, FeatureView
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from training.flights.paths import FEATURE_REPO


def instant(text: str) -> datetime:
    """An ISO 8601 instant; without an offset it is UTC."""
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def open_store() -> FeatureStore:
    """The feature repo's store; Feast's FEAST_FS_YAML_FILE_PATH selects another configuration."""
    return FeatureStore(repo_path=str(FEATURE_REPO))


def forget_later(store: FeatureStore, views: list[FeatureView], until: datetime) -> list[str]:
    """Empty the views whose last fill went beyond `until`, and name them.

    Feast overwrites what it writes but removes nothing, so going back in time without this
    would leave values from the future wherever the shorter past has none.
    """
    ahead = [
        view
        for view in views
        if view.materialization_intervals and view.materialization_intervals[-1][1] > until
    ]
    for delete, keep in ((ahead, []), ([], ahead)):
        store.provider.update_infra(store.project, delete, keep, [], [], partial=True)
    return [view.name for view in ahead]


def materialize(store: FeatureStore, until: datetime, progress: Progress) -> None:
    """Write the latest row of each key within the time to live before `until`, view by view."""
    views = store.list_batch_feature_views()
    if emptied := forget_later(store, views, until):
        progress.console.print(f"back in time: emptied {len(emptied)} views first")
    task = progress.add_task("", total=len(views))
    for view in views:
        progress.update(task, description=view.name)
        start = until - (view.ttl or timedelta(days=3650))
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            store.materialize(start, until, feature_views=[view.name])
        progress.advance(task)


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--until", type=instant, required=True, help="2013-12-03T14:15:00Z, say")
    arguments = parser.parse_args(argv)
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="ibis")
    store = open_store()
    columns = (TextColumn("{task.description:22}"), BarColumn(), MofNCompleteColumn())
    console = Console()
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        materialize(store, arguments.until, progress)
    console.print(
        f"{store.config.online_store.type} online store: as of {arguments.until.isoformat()}"
    )


if __name__ == "__main__":
    main()
