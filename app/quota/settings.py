"""How much principals may ask for."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from app.access.principal import Limit
from app.secrets import Secret
from deployments.strict import StrictModel


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise ValueError("must begin with redis://, rediss:// (TLS) or unix://")
    if parts.password:
        raise ValueError("must hold no password: name its place in password")
    return url


class RedisSettings(StrictModel):
    """Where replicas count together."""

    url: Annotated[str, AfterValidator(_address)] = "redis://127.0.0.1:6379/0"
    """Its address, as ``redis://user@host:port/database``; ``rediss://`` is with TLS."""
    password: Secret | None = None
    prefix: str = Field(default="windsock", pattern=r"^[A-Za-z0-9_.:-]{1,64}$")
    """Services of the same one count together."""
    chunk: float = Field(default=0.1, gt=0, le=1)
    """The part of a limit's quota, one unit at least, that a replica lets in before it has to have
    heard of the others again. So many times what there are replicas may be let in too much, ever:
    less is more exact, and refuses more of what comes to one replica in one burst."""
    every_s: float = Field(default=0.05, gt=0, le=1)
    """How often a replica that is asked tells Redis what it let in: twenty calls a second are half
    a percent of a core. Keep a chunk above what one replica lets in within this time."""
    timeout_s: float = Field(default=0.25, gt=0)
    """Longest time that Redis may take for an answer. Nothing waits for it meanwhile."""
    gone: Literal["open", "closed"] = "open"
    """While it cannot be asked: ``open`` lets each replica count by itself, each with the whole of
    each limit; ``closed`` refuses (503), for then nobody knows what is left."""


class QuotaSettings(StrictModel):
    """Token buckets of each principal, in each replica, or shared by all."""

    limits: list[Limit] = Field(default_factory=list)
    """What every principal may have that has no limit of the same name itself."""
    replicas: int = Field(default=1, ge=1)
    """Without Redis: by how many replicas a limit is divided, since none knows what the others let
    in. Set it to the most that there are; with fewer, less is let in than the limit says."""
    redis: RedisSettings | None = None
    """Where replicas count together; None leaves each its part."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        names = [limit.name for limit in self.limits]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"limits need names of their own: {', '.join(sorted(twice))}")
        if self.redis and self.replicas > 1:
            raise ValueError("with redis limits are not divided: leave replicas out")
        return self
