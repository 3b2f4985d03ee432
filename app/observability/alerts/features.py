"""What predictions are made from."""

from app.observability.alerts.alert import Condition, page, ticket
from app.observability.promql import Promql
from deployments.metrics.catalogue import drift, features, stages

_NOW = Promql("5m")
_RARE = Promql("15m")
_BY_VIEW = ("view",)


def _out_of_date(window: str) -> str:
    return Promql(window).share(features.ROWS, _BY_VIEW, status=("stale", "defaulted"))


def _missing(window: str) -> str:
    return Promql(window).share(features.ROWS, _BY_VIEW, status="missing")


ALERTS = [
    page(
        "BreakerOpen",
        "1m",
        Condition(_NOW.maximum(features.BREAKER), ">", 0),
        summary="The online store is left alone",
        description="Its reads fail or take too long, so that it is only tried now and then. "
        "Every answer is degraded, or refused where the policy says so.",
    ),
    ticket(
        "StoreFailing",
        "5m",
        Condition(_NOW.rate(features.STORE_FAILURES), ">", 0),
        summary="Reads of the online store fail",
        description="{{ $value | humanize }} a second fail or take longer than budget_s.",
    ),
    ticket(
        "ViewBroken",
        "1m",
        Condition(_NOW.maximum(features.BROKEN_VIEWS), ">", 0),
        summary="{{ $value }} feature views cannot be read",
        description="Others of the same store can: a table, a column or a type is not as the "
        "registry has it.",
    ),
    ticket(
        "FeaturesDegraded",
        "5m",
        # A part may always be, as a time to live that some entities never keep; never the most.
        Condition(f"{_out_of_date('10m')} - clamp_max({_out_of_date('6h')}, 0.4)", ">", 0.1),
        summary="{{ $labels.view }}: many more rows are out of date than before, or most of them",
        description="The share of rows that are older than the view's time to live, or for which "
        "a default stands in, has risen by {{ $value | humanizePercentage }} against the last six "
        "hours, of which at most 40% count as usual.",
    ),
    ticket(
        "FeaturesMissing",
        "5m",
        Condition(f"{_missing('10m')} - {_missing('6h')}", ">", 0.2),
        summary="{{ $labels.view }}: many more entities are unknown than before",
        description="The share of rows that the store does not know has risen by "
        "{{ $value | humanizePercentage }} against the last six hours.",
    ),
    ticket(
        "RowsUnusable",
        "5m",
        Condition(_NOW.rate(features.UNUSABLE_ROWS, _BY_VIEW), ">", 0),
        summary="{{ $labels.view }} has rows that cannot be used",
        description="The store has them, and their values are not of the types in the registry.",
    ),
    ticket(
        "RowsFailing",
        "5m",
        Condition(_NOW.rate(stages.FAILED_ROWS, ("stage", "view")), ">", 0),
        summary="Rows fail in {{ $labels.stage }} {{ $labels.view }}",
        description="Code of the user's (an on-demand view, preprocessing) raises for them, while "
        "it works for others. They are answered 422 row_failed, or with defaults.",
    ),
    ticket(
        "ServedLogLosing",
        "0m",
        Condition(_RARE.happened(drift.SERVED, outcome=("dropped", "failed")), ">", 0),
        summary="Served rows are missing from Feast's log",
        description="In the last 15 minutes the destination of the feature service's LoggingConfig "
        "did not keep up, or Feast's schema cannot hold them. Answers are not touched.",
    ),
]
