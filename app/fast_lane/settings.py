"""The settings of the fast lane."""

from pydantic import BaseModel, ConfigDict, Field


class FastLaneSettings(BaseModel):
    """Where it listens, and the limits that Ray's own door has in ``http_options`` and HAProxy."""

    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    """``0.0.0.0`` to serve other machines: there is no TLS, put a proxy before it."""
    port: int = Field(default=8001, ge=1, le=65535)
    """One port for all ingress replicas of a node: the kernel spreads connections over them."""
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
    linger_s: float = Field(default=2.0, ge=0)
    """A replica that stops asks for each connection to be closed with its next answer. One that
    stays idle for so long is closed without."""
