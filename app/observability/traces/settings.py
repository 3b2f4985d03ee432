"""Which requests are traced, and where their spans go."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from app.secrets import Secret
from deployments.strict import StrictModel


class TracesSettings(StrictModel, validate_default=True):
    """Traces by OpenTelemetry. Rates are of each ingress replica."""

    endpoint: str = "http://127.0.0.1:4318/v1/traces"
    """Where spans are sent by OTLP over HTTP, its path included: that of a collector beside the
    service, by the port and path that OpenTelemetry registers."""
    headers: dict[str, Secret] = Field(default_factory=dict)
    """Sent along, as hosted collectors ask for a key: ``{x-api-key: {env: TRACES_KEY}}``."""
    ratio: float = Field(default=0.01, ge=0, le=1)
    """The share of requests, and of rows of streams, that are traced: a span costs about 10 us, a
    request has five."""
    clients_per_s: float = Field(default=1.0, ge=0)
    """Most requests a second that are traced since their client says so by the flag of its
    ``traceparent``: everybody can set it. Past it they are traced by ``ratio``; 0 never obeys."""
    failures_per_s: float = Field(default=1.0, ge=0)
    """Most requests a second that are traced since they ended in an error of the server's (5xx),
    though they were not sampled; these have no spans of stages. 0 leaves them out."""
    service: str = Field(default="windsock", min_length=1)
    """``service.name``: what traces of several services are told apart by."""
    baggage: list[str] = Field(default_factory=list)
    """The entries of a client's ``baggage`` that the span of its request has, too; others are not
    kept, since they may say anything of anybody."""
    queue: int = Field(default=2048, ge=1)
    """Most spans that wait to be sent; more are dropped, and counted."""
    interval_s: float = Field(default=5.0, gt=0)
    """How often they are sent, where the queue is not filled before."""
    timeout_s: float = Field(default=10.0, gt=0)
    """How long the collector may take, tries included, before what is sent is given up."""
    close_s: float = Field(default=2.0, ge=0)
    """How long a replica that stops may take to send what is left."""

    @field_validator("endpoint")
    @classmethod
    def _an_address(cls, endpoint: str) -> str:
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(
                f"{endpoint!r} is no address of a collector: http://host:4318/v1/traces"
            )
        if parts.username or parts.password:
            raise ValueError("credentials stand in headers, not in the address")
        return endpoint

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [name.lower() for name in self.headers]
        if len({*names}) < len(names):
            raise ValueError("a header stands in headers twice")
        return self
