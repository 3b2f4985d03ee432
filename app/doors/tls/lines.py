"""HAProxy's configuration for TLS and HTTP/2."""

from collections.abc import Iterator
from pathlib import Path

from app.doors.tls.settings import TlsSettings

FILES = {"cert": "certificate.pem", "ca-file": "client-ca.pem", "crl-file": "client-crl.pem"}
"""The front's own copy of each store, by the name that HAProxy's commands have for its kind."""

# Mozilla's "intermediate" of 2025 without DHE (https://wiki.mozilla.org/Security/Server_Side_TLS):
# forward secrecy and authenticated encryption alone. Tickets would be sealed by one key for as long
# as HAProxy lives; sessions are resumed from its cache.
_TLS = (
    "ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets",
    "ssl-default-bind-ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
    "TLS_CHACHA20_POLY1305_SHA256",
)


class TlsLines:
    """Of a front whose files lie in ``folder``, and which is asked by TLS on ``listen``."""

    def __init__(self, settings: TlsSettings, folder: Path, listen: str) -> None:
        self._settings = settings
        self._folder = folder
        self._listen = listen

    def tuning(self) -> tuple[str, ...]:
        """Lines of the global section."""
        return _TLS

    def bind(self) -> str:
        """What follows an address in a line ``bind``."""
        options = f" ssl crt {self._folder / FILES['cert']} alpn h2,http/1.1"
        if self._settings.client_ca:
            options += f" verify required ca-file {self._folder / FILES['ca-file']}"
        if self._settings.client_crl:
            options += f" crl-file {self._folder / FILES['crl-file']}"
        return options

    def rules(self) -> Iterator[str]:
        """Lines of the frontend."""
        if self._settings.hsts_s:
            seconds = f"max-age={self._settings.hsts_s}"
            yield f"http-after-response set-header strict-transport-security {seconds}"

    def sections(self) -> Iterator[str]:
        """A frontend for those who come without TLS."""
        if self._settings.redirect is None:
            return
        port = self._listen.rpartition(":")[2]
        there = "" if port == "443" else f":{port}"
        host = "%[req.hdr(host),regsub(:[0-9]+$,)]"
        yield "frontend plain"
        yield f"    bind {self._settings.redirect}"
        yield f"    http-request redirect prefix https://{host}{there} code 308"
