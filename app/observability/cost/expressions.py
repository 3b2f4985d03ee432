"""What is asked of Prometheus, built from the catalogue: dashboards and ``windsock cost`` ask the
same. ``window`` is a duration as Prometheus writes it; several scrapes have to fit into it."""

from collections.abc import Iterable

from deployments.metrics.catalogue.cost import COST, PRICE, RESERVED
from deployments.metrics.catalogue.features import CACHE_ROWS, STORE_READ
from deployments.metrics.catalogue.machine import CPU
from deployments.metrics.catalogue.requests import DURATION, REQUESTS, ROWS, STREAM_DURATION
from deployments.metrics.catalogue.stages import BATCH_ROWS, STAGE_SECONDS
from deployments.metrics.metric import Kind, Metric

_OWN_STAGE = {"Features": "lookup", "Preprocess": "preprocess", "Model": "model"}


class Expressions:
    """Of the application of this name, or of all that Prometheus knows together."""

    def __init__(self, window: str, application: str | None = None) -> None:
        self._window = window
        quoted = application and application.replace("\\", "\\\\").replace('"', '\\"')
        self._selected = f'application="{quoted}"' if quoted else ""

    @property
    def per_hour(self) -> str:
        """Currency per hour."""
        return f"sum({self._rate(COST)}) * 3600"

    @property
    def per_hour_by_deployment(self) -> str:
        """Currency per hour, by deployment and resource."""
        return f"sum by (stage, resource) ({self._rate(COST)}) * 3600"

    @property
    def per_thousand(self) -> str:
        """Currency per 1,000 rows predicted for; none where there were none."""
        return f"sum({self._rate(COST)}) * 1000 / (sum({self._rate(ROWS)}) > 0)"

    @property
    def per_hour_by_version(self) -> str:
        """Currency per hour, by model and version: what a stage costs is shared by the time that it
        took for each, what the ingress costs by the time of all stages. Whatever costs while
        nothing is asked is no version's."""
        cost = f"sum by (stage) ({self._rate(COST)})"
        return (
            f"sum by (model, version) (({self._shares()}) * on (stage) group_left () {cost} * 3600)"
        )

    def _shares(self) -> str:
        """Of each version in the time of each deployment's work."""
        return " or ".join(
            self._share(deployment, stage)
            for deployment, stage in [*_OWN_STAGE.items(), ("Ingress", None)]
        )

    def _share(self, deployment: str, stage: str | None) -> str:
        of = f'stage="{stage}"' if stage else ""
        seconds = self._rate(STAGE_SECONDS, "_sum", of)
        each = f"sum by (model, version) ({seconds}) > 0"
        named = f'label_replace({each}, "stage", "{deployment}", "", "")'
        return f"{named} / scalar(sum({seconds}))"

    @property
    def recorded(self) -> dict[str, str]:
        """All that a recording holds, by its name there; amounts are per second."""
        return {
            "price": f"max by (resource) ({self._now(PRICE)})",
            "replicas": f"count by (stage) ({self._now(RESERVED, _CPU_ONLY)})",
            "reserved": f"sum by (stage, resource) ({self._now(RESERVED)})",
            "cost": f"sum by (stage, resource) ({self._rate(COST)})",
            "cost_by_version": self.per_hour_by_version,
            "cpu": f"sum by (stage) ({self._rate(CPU)})",
            "requests": f"sum by (door) ({self._rate(REQUESTS)})",
            "rows": f"sum by (model, version) ({self._rate(ROWS)})",
            "stream_rows": f"sum({self._rate(ROWS, '', _STREAM_ONLY)})",
            "batches": f"sum({self._rate(BATCH_ROWS, '_count')})",
            "stage_seconds": f"sum by (stage) ({self._rate(STAGE_SECONDS, '_sum')})",
            "request_seconds": f"sum({self._rate(DURATION, '_sum')})",
            "stream_seconds": f"sum({self._rate(STREAM_DURATION, '_sum')})",
            "cache_rows": f"sum by (view, outcome) ({self._rate(CACHE_ROWS)})",
            "store_reads": f"sum({self._rate(STORE_READ, '_count')})",
        }

    def _rate(self, metric: Metric, suffix: str = "", *selected: str) -> str:
        return f"rate({self._now(metric, *selected, suffix=suffix)}[{self._window}])"

    def _now(self, metric: Metric, *selected: str, suffix: str = "") -> str:
        total = "_total" if metric.kind is Kind.HISTOGRAM else ""
        return f"{metric.exported}{suffix}{total}{_braced((*selected, self._selected))}"


_CPU_ONLY = 'resource="cpu"'
_STREAM_ONLY = 'protocol="stream"'


def _braced(selected: Iterable[str]) -> str:
    told = ",".join(filter(None, selected))
    return f"{{{told}}}" if told else ""
