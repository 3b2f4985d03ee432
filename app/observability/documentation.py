"""The page ``docs/metrics.md``, of the catalogue; run as a module it prints it."""

from collections.abc import Iterable, Iterator, Sequence

from deployments.metrics.catalogue import CHAPTERS
from deployments.metrics.metric import OTHER, Kind, Label, Metric, Source, bound_text

_HEAD = f"""\
# Metrics

Made from the catalogue, `deployments/metrics/catalogue/`, by `make metrics`: change it there.

- Replicas of the graph add up what they count in plain numbers, and hand them to Ray about once a
  second. Prometheus scrapes them at the metrics port of each Ray node. Names begin with `ray_`, and
  Ray adds labels of its own (`deployment`, `replica`, `SessionName`, `WorkerId` and others), which
  change whenever a replica is replaced: sum without them, `sum without (replica, WorkerId) (...)`,
  or by the labels that are named here.
- Commands that run beside the graph (as `windsock front --metrics PORT`) are
  scraped at a port of their own, at `127.0.0.1`, under names without `ray_`.
- Ray's agent replays a histogram observation by observation, which at our rates stops it from
  answering. So those of replicas are counters: `NAME_bucket_total` with the label `le`,
  `NAME_sum_total` and `NAME_count_total`. `histogram_quantile` takes them as they are:
  `histogram_quantile(0.99, sum by (le) (rate(NAME_bucket_total[5m])))`. Those of commands are
  Prometheus' own, `NAME_bucket`, `NAME_sum`, `NAME_count`.
- No label is without a bound. Of one whose values are not known beforehand so many are told apart
  in each process as is said here; later ones are `{OTHER}`. `model` and `version` are empty for
  what did not come to a model.
- A gauge of a replica that is gone disappears within two of Ray's reporting intervals
  (`RAY_metrics_report_interval_ms`): alerts on its absence need `absent()`.
"""


def document() -> str:
    """The whole page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _HEAD
    for title, metrics in CHAPTERS.items():
        yield f"## {title}\n"
        yield "| metric | what | labels |\n|---|---|---|"
        for metric in metrics:
            yield f"| `{metric.exported}` | {_what(metric)} | {_names(metric.labels)} |"
        yield ""
    yield "## Labels\n"
    yield "| label | of | what | values |\n|---|---|---|---|"
    for label, metrics in _labels().items():
        yield f"| `{label.name}` | {_where(metrics)} | {_escaped(label.help)} | {_values(label)} |"
    yield "\n## Buckets\n"
    for bounds, metrics in _buckets().items():
        told = ", ".join(map(bound_text, bounds))
        yield f"{', '.join(f'`{metric.exported}`' for metric in metrics)}: {told}.\n"


def _what(metric: Metric) -> str:
    kind = metric.kind.value
    if metric.kind is Kind.HISTOGRAM and metric.source is Source.REPLICA:
        kind = "histogram, as counters"
    return f"{kind}: {_escaped(metric.help)}"


def _names(labels: Sequence[Label]) -> str:
    return ", ".join(f"`{label.name}`" for label in labels)


def _labels() -> dict[Label, list[Metric]]:
    found: dict[Label, list[Metric]] = {}
    for metric in _all():
        for label in metric.labels:
            found.setdefault(label, []).append(metric)
    return dict(sorted(found.items(), key=lambda one: one[0].name))


def _buckets() -> dict[tuple[float, ...], list[Metric]]:
    found: dict[tuple[float, ...], list[Metric]] = {}
    for metric in _all():
        if metric.buckets:
            found.setdefault(tuple(metric.buckets), []).append(metric)
    return found


def _all() -> Iterable[Metric]:
    return (metric for chapter in CHAPTERS.values() for metric in chapter)


def _where(metrics: Sequence[Metric]) -> str:
    shown = [f"`{metric.exported}`" for metric in metrics[:3]]
    more = len(metrics) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _values(label: Label) -> str:
    if label.values:
        return ", ".join(f"`{value}`" for value in label.values)
    return f"up to {label.bound}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    print(document(), end="")
