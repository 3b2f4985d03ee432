"""The configuration of the graph: ``args`` of the application, ``user_config`` of the ingress."""

import re
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from app.access.settings import AuthSettings
from app.audit.settings import AuditSettings
from app.folder import FilePath
from app.observability.settings import ObservabilitySettings
from app.quota.settings import QuotaSettings
from app.secrets import Secret
from deployments.bundle.bundle import BundleStore
from deployments.features.settings import LookupSettings
from deployments.model.options import ModelOptions
from deployments.stage.settings import StageSettings
from deployments.strict import StrictModel

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?")


class Limits(StrictModel):
    """What one request may weigh."""

    max_body_bytes: int = Field(default=8 * 2**20, ge=1024)
    """Largest body; 10,000 rows of twenty fields fit. Larger ones are refused unread (413)."""
    max_instances: int = Field(default=10_000, ge=1)
    """Most rows in one batch request: past it, one client holds a replica for seconds (413)."""
    timeout_s: float = Field(default=30.0, gt=0)
    """Longest time from a request's first byte to its answer (408). Keep Ray's own
    ``request_timeout_s`` above it: its answer has no error body."""


class StreamSettings(StrictModel):
    """The WebSocket ``/predict/stream``: what a client may have of a replica, and for how long."""

    window: int = Field(default=1024, ge=1)
    """Rows of a client under way at once; past it the server reads no further, so the client has to
    wait. Two batches under way and two that wait are enough to keep the model busy."""
    max_message_bytes: int = Field(default=2**16, ge=1024)
    """Largest message; a row is some hundred bytes. Larger ones end the connection (1009)."""
    idle_s: float = Field(default=60.0, gt=0)
    """A connection without a row and without anything under way for so long is closed (1000)."""
    age_s: float = Field(default=100.0, gt=0)
    """A connection as old as this is closed in order (1012), so that clients come to replicas that
    were added later. Keep it below Ray's ``request_timeout_s``, and below the 120 s after which
    HAProxy breaks off what it held when replicas changed: neither says a word to the client."""
    close_s: float = Field(default=5.0, gt=0)
    """Longest time in which rows that were read are still answered, once it is to be closed."""


class FastLaneSettings(StrictModel):
    """Where it listens, and the limits that Ray's own door has in ``http_options`` and HAProxy."""

    host: str = "127.0.0.1"
    """``0.0.0.0``, or ``::`` for IPv6, too, to serve other machines: there is no TLS, put a proxy
    before it."""
    port: int = Field(default=8001, ge=1, le=65535)
    """One port for all ingress replicas of a node: the kernel spreads connections over them. Each
    has one of its own, too, which the kernel chooses, for ``windsock front``."""
    max_connections: int = Field(default=4096, ge=1)
    """Open at once in one replica, as many as HAProxy takes; more wait to be accepted."""
    keep_alive_s: int = Field(default=90, ge=1)
    """A connection that has been idle for so long is closed."""
    arrival_s: float = Field(default=10.0, gt=0)
    """A client that takes longer to send the head of a request is cut off."""
    connection_age_s: float = Field(default=30.0, gt=0)
    """A connection as old as this is closed with its next answer, so that clients which keep
    theirs come to replicas that were added later."""
    ping_s: float = Field(default=20.0, gt=0)
    """How often the client of a socket is asked whether it is there, as Ray's doors do. One that
    does not answer for as long again, or takes nothing that it is sent, is cut off."""
    linger_s: float = Field(default=5.0, ge=0)
    """A replica that stops asks for each connection to be closed with its next answer. One that
    stays idle for so long is closed without, and a request that is just then on its way over it is
    lost, unless its client asks again: longer than the pauses of clients that do not."""

    @field_validator("host")
    @classmethod
    def _without_brackets(cls, host: str) -> str:
        return host.removeprefix("[").removesuffix("]")


class ModelArgs(ModelOptions, validate_default=True):
    """Which model, where its bundles lie, and how it is run."""

    name: str
    directory: FilePath = Path("models")
    allow_code: bool = False
    """Whether a bundle may bring preprocessing in Python, which every replica then runs. Only for
    bundles that come from where the code of this service comes from."""
    keyring: Secret | None = None
    """The keys of bundles that are encrypted (``windsock bundle --encrypt``), which are opened in
    memory alone; then one that is not is refused."""

    @property
    def bundles(self) -> BundleStore:
        """The bundles of this and other models, opened as this says."""
        keyring = self.keyring.read if self.keyring else None
        return BundleStore(self.directory, allow_code=self.allow_code, keyring=keyring)


class FeatureStoreArgs(StrictModel, validate_default=True):
    """The Feast repo, and its yaml where that is not ``feature_store.yaml`` (or the one that
    FEAST_FS_YAML_FILE_PATH names)."""

    repo: FilePath = Path("feature_repo")
    yaml: FilePath | None = None


class CorsSettings(StrictModel):
    """Pages of which other origins may ask, from the browser of whoever looks at them."""

    origins: list[str] = Field(min_length=1)
    """As browsers send them: ``https://shop.example.com``, with the port where it is not the
    scheme's own; ``"*"`` is every origin."""
    credentials: bool = False
    """Whether pages may have cookies and client certificates sent along, which a proxy in front may
    ask for. Not with ``"*"``."""
    max_age_s: int = Field(default=600, ge=0)
    """How long a browser remembers what it may ask; Chromium takes two hours at most."""

    @field_validator("origins")
    @classmethod
    def _as_sent(cls, origins: list[str]) -> list[str]:
        for origin in origins:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is no origin: scheme://host or scheme://host:port")
        return origins

    @model_validator(mode="after")
    def _named_where_trusted(self) -> Self:
        if self.credentials and "*" in self.origins:
            raise ValueError("with credentials the origins must be named, '*' is none")
        return self


# Validated with the folder of the file, in which their paths start.
_AUTH: Any = {}
_OBSERVABILITY: Any = {}


class EdgeArgs(StrictModel, validate_default=True):
    """What requests meet, whatever is behind: layers and protocols have it."""

    limits: Limits = Limits()
    stream: StreamSettings = StreamSettings()
    cors: CorsSettings | None = None
    """Which pages of other origins may ask; None leaves it to browsers to forbid it to all."""
    auth: AuthSettings | Literal[False] = _AUTH
    """How clients show who they are; ``off``, which start-up and ``/health`` repeat, lets everyone
    in."""
    quota: QuotaSettings | None = None
    """How much each principal may ask for; None sets no bound but that of the queue, and what keys
    have of their own."""
    audit: AuditSettings | None = None
    """What is recorded of each answer before it leaves; None records nothing."""
    observability: ObservabilitySettings = _OBSERVABILITY
    """What is looked at besides, all of it off by default; metrics are always there."""

    @model_validator(mode="after")
    def _somebody_to_count(self) -> Self:
        if self.quota and not self.auth:
            raise ValueError("quota counts what principals ask for: with auth off there are none")
        return self


class GraphArgs(EdgeArgs):
    """``args`` of the application: a change restarts every replica, one after the other."""

    layout: Literal["distributed", "collapsed"] = "distributed"
    model: ModelArgs
    feature_store: FeatureStoreArgs = FeatureStoreArgs()
    fast_lane: FastLaneSettings | None = None
    """A second door, in each ingress replica itself; None leaves it shut."""
    check_placement: bool = True
    """Refuse a graph that the nodes present can never hold. Turn it off where a cluster
    autoscaler adds nodes on demand."""


class BatchSettings(StrictModel):
    """How the edge forms batches; may change while it runs."""

    max_rows: int = Field(default=256, ge=1)
    """Most rows in one batch: beyond a few hundred, a hop costs by the row and not by the call."""
    in_flight: int = Field(default=2, ge=1)
    """Batches under way at once: one computes while the next travels. More make smaller ones."""
    max_queued_rows: int = Field(default=4096, ge=1)
    """Rows that may wait, whatever they take: a bound on memory (429)."""
    max_wait_s: float = Field(default=0.25, gt=0)
    """Longest time that a request may have to wait for its batch, by what recent ones took; past it
    requests are refused at once (429), rather than answered late. Who fits into the next batch is
    let in all the same: it would be no quicker without."""
    stuck_s: float = Field(default=1.0, gt=0)
    """Batches under way that are older than this are taken to need as long again; where all are,
    who comes is refused at once (429). Keep it above the feature store's ``budget_s``: a batch that
    waits for its store is answered."""


class HopSettings(StrictModel):
    """How long a stage's replica may keep a batch before it is taken to hang; may change while it
    runs. These are floors: where batches of a size take longer by custom, so may the next one."""

    suspect_s: float = Field(default=0.2, gt=0)
    """Silent for so long, or for twice the usual time, a replica gets no batch while others are
    there, and what it holds is sent to one of them as well: the first answer counts. Below
    ``max_wait_s``, so that nobody is refused meanwhile, and above the pauses of a busy machine."""
    hung_s: float = Field(default=1.0, gt=0)
    """Silent for so long, or for four times the usual time, it gets none even where it is alone,
    and its batch fails (503). Keep it above the feature store's ``budget_s``: a stage that waits
    for its store does not hang."""
    first_s: float = Field(default=10.0, gt=0)
    """The same for the first batch of its size, or of a version, which may have things to load."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.suspect_s < self.hung_s <= self.first_s:
            raise ValueError("suspect_s must be below hung_s, and that not above first_s")
        return self


class IngressSettings(StageSettings):
    """``user_config`` of the ingress: a change takes effect in place, and ``version`` is the one
    to serve."""

    batching: BatchSettings = BatchSettings()


class DistributedSettings(IngressSettings):
    """``user_config`` of an ingress whose stages are deployments of their own."""

    hops: HopSettings = HopSettings()


class CollapsedSettings(IngressSettings):
    """``user_config`` of an ingress that holds all stages."""

    features: LookupSettings = LookupSettings()
