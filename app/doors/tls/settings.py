"""What the front is told of TLS."""

from dataclasses import dataclass
from pathlib import Path

YEAR_S = 365 * 24 * 3600


class BadTls(Exception):
    """Files with which no client would be served; the message names the file and what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """Files in PEM, read again whenever they change."""

    certificate: Path
    """The server's own first, then those between it and the authority that clients know."""
    key: Path | None = None
    """Of the certificate; None where it stands in the same file."""
    client_ca: Path | None = None
    """Authorities one of which must have signed a client's certificate; None asks for none."""
    client_crl: Path | None = None
    """Their lists of the certificates that they have revoked, one for each."""
    hsts_s: int = YEAR_S
    """How long a browser is to come by TLS alone once it has (RFC 6797), which is for all ports of
    a host name; 0 says nothing."""
    redirect: str | None = None
    """An address and port where plain HTTP is told to come by TLS."""
