"""How clients show who they are."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from app.folder import FilePath
from app.secrets import Secret
from deployments.strict import StrictModel

# As a file would say it: where its path starts is known where it is validated.
_PEPPER: Any = {"file": ".windsock/pepper"}


def _private(url: str) -> str:
    """Keys that came in the clear could be anybody's, unless they never left the machine."""
    parts = urlsplit(url)
    if not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("give it as https://host/path")
    if parts.scheme != "https" and not (parts.scheme == "http" and _loopback(parts.hostname)):
        raise ValueError("it must be https, unless it is this machine's own (127.0.0.1, [::1])")
    return url


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


PrivateUrl = Annotated[str, AfterValidator(_private)]
Family = Literal["RSA", "EC"]


class TokenSettings(StrictModel):
    """Bearer tokens (JWT, RFC 7519) that an OIDC issuer signs, beside API keys."""

    issuer: PrivateUrl
    """What ``iss`` must be, to the letter."""
    audience: str = Field(min_length=1)
    """What ``aud`` must be, or have among others: a token for another service is none for us."""
    jwks: PrivateUrl | None = None
    """Where the issuer's keys are (RFC 7517); None asks its /.well-known/openid-configuration."""
    family: Family = "RSA"
    """Of the signatures that count: RS256, PS256 and their like, or ES256 and its like. One alone,
    so that a token cannot choose how a key is used."""
    id_claim: str = "sub"
    """Whose text is the principal's id, after ``oidc:``."""
    scope_claim: str = "scope"
    """Which has scopes, as words of a text or as a list."""
    scope_prefix: str = ""
    """What stands before our names of scopes there: with ``windsock:`` it is
    ``windsock:predict``."""
    leeway_s: float = Field(default=5.0, ge=0, le=300)
    """How far the issuer's clock may run ahead of ours, for ``nbf`` and ``iat``; ``exp`` counts
    exactly."""
    timeout_s: float = Field(default=5.0, gt=0, le=60)
    """For the issuer to give its keys."""
    refresh_s: float = Field(default=300.0, ge=1)
    """Between two looks at them, while they can be had: one that is withdrawn counts no longer."""
    cool_down_s: float = Field(default=10.0, ge=1)
    """Within which the issuer is not asked again, whatever ids of keys tokens name."""


class TicketSettings(StrictModel):
    """Tickets by which pages in browsers, which cannot send headers there, open a stream."""

    valid_s: float = Field(default=30.0, gt=0, le=300)
    """A handshake follows at once; addresses, of which a ticket is a part, end up in logs."""


class AuthSettings(StrictModel, validate_default=True):
    """API keys, by a file that every ingress replica follows."""

    keys: FilePath = Path(".windsock/keys.json")
    """Written by `windsock keys`; a change takes effect within a second. No secret is in it, only
    keyed hashes of secrets."""
    pepper: Secret = _PEPPER
    """What the hashes are keyed with: app/access/pepper.py says why. The first `windsock keys
    create` makes it, where it is a file that is not there yet."""
    tokens: TokenSettings | None = None
    """Whose tokens count as well; None takes API keys alone."""
    tickets: TicketSettings = TicketSettings()
    public_docs: bool = True
    """Whether everyone may read ``/docs`` and ``/openapi.json``, which tell the fields of the
    model, or principals alone."""
