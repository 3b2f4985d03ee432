"""The way of spans out of a replica, by the SDK of OpenTelemetry: bounded, counted, and never
waited for."""

import asyncio
import logging
from collections.abc import Sequence
from threading import Thread
from time import monotonic
from typing import Any

import requests
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from app.observability.traces.settings import TracesSettings
from deployments.log import get_logger
from deployments.metrics.catalogue.traces import SPANS
from deployments.metrics.series import COUNTS

try:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "observability.traces needs one more library: pip install 'windsock-server[traces]'"
    ) from error

logger = get_logger(__name__)

_AT_ONCE = 512
_POLL_S = 0.02


class Export(SpanProcessor):
    """Takes spans that have ended, and has a thread send them. Raises NoSecret where a header is
    not to be had. One whose collector does not answer says so once, in the log and in ``problem``,
    and what it cannot send is gone."""

    def __init__(self, settings: TracesSettings) -> None:
        self._most = settings.queue
        self._taken = 0
        self._dropped = COUNTS.counter(SPANS)["dropped"]
        self._sending = _Sending(settings)
        self._batches = BatchSpanProcessor(
            self._sending,
            max_queue_size=settings.queue,
            schedule_delay_millis=settings.interval_s * 1000,
            max_export_batch_size=min(_AT_ONCE, settings.queue),
        )

    @property
    def problem(self) -> str | None:
        """Why spans cannot be sent, if they cannot."""
        return self._sending.problem

    def on_end(self, span: ReadableSpan) -> None:
        if self._taken - self._sending.settled >= self._most:
            self._dropped.add()
            return
        self._taken += 1
        self._batches.on_end(span)

    async def close(self, within_s: float) -> None:
        """Send what is left, and give up what is not sent within so many seconds."""
        sending = Thread(target=self._batches.shutdown, daemon=True)
        sending.start()
        deadline = monotonic() + within_s
        while sending.is_alive() and monotonic() < deadline:
            await asyncio.sleep(_POLL_S)
        if sending.is_alive():
            self._sending.shutdown()


class _Sending(SpanExporter):
    """OTLP over HTTP; ``settled`` spans are out of the queue, sent or given up. All but
    ``shutdown`` is called by one thread."""

    def __init__(self, settings: TracesSettings) -> None:
        self.settled = 0
        self.problem: str | None = None
        self._endpoint = settings.endpoint
        self._sent = COUNTS.counter(SPANS)["exported"]
        self._failed = COUNTS.counter(SPANS)["failed"]
        self._session = _Session()
        # It tells each failure, several times; this tells the first.
        logging.getLogger(OTLPSpanExporter.__module__).disabled = True
        self._otlp = OTLPSpanExporter(
            endpoint=settings.endpoint,
            headers={name: one.read().decode() for name, one in settings.headers.items()},
            timeout=settings.timeout_s,
            session=self._session,
        )
        self._over = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._session.why = "they could not be encoded"
        result = self._otlp.export(spans)
        self.settled += len(spans)
        if result is SpanExportResult.SUCCESS:
            self._sent.add(len(spans))
            if self.problem:
                logger.info("spans are sent to %s again", self._endpoint)
            self.problem = None
            return result
        self._failed.add(len(spans))
        if not self.problem:
            self.problem = f"spans cannot be sent to {self._endpoint}: {self._session.why}"
            logger.warning("%s", self.problem)
        return result

    def shutdown(self) -> None:
        if not self._over:
            self._over = True
            self._otlp.shutdown()  # type: ignore[no-untyped-call]


class _Session(requests.Session):
    """Knows why the last request of it was not answered well."""

    def __init__(self) -> None:
        super().__init__()
        self.why = ""
        self.max_redirects = 0  # requests would make a GET of what is sent

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        try:
            answer = super().send(request, **kwargs)
        except requests.RequestException as error:
            self.why = str(error)
            raise
        self.why = f"it answers {answer.status_code} {answer.reason}"
        return answer


def resource(settings: TracesSettings, instance: str, version: str) -> dict[str, Any]:
    """What all spans of this replica are from."""
    return {
        "service.name": settings.service,
        "service.version": version,
        "service.instance.id": instance,
    }
