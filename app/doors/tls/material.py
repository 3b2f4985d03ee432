"""Certificates and keys as their files have them, checked before HAProxy gets to see them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from app.doors.tls.settings import BadTls, TlsSettings

_KEY = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)
_RSA_BITS = 2048
MOST_BYTES = 30_000
"""Of one store: HAProxy takes a command of ``tune.bufsize``, 32 KiB, at run time."""


@dataclass(frozen=True, slots=True)
class Material:
    """What HAProxy is to have: the text of each store, the names that the certificate is for, and
    until when all of it holds."""

    stores: Mapping[str, bytes]
    names: tuple[str, ...]
    until: datetime

    def __str__(self) -> str:
        return f"the certificate for {', '.join(self.names)}, until {self.until:%Y-%m-%d %H:%M} UTC"


def read(settings: TlsSettings, now: datetime | None = None) -> Material:
    """Raises BadTls."""
    now = now or datetime.now(UTC)
    chain = _certificates(settings.certificate)
    for one in chain:
        _holds(one, settings.certificate, now)
    _in_order(chain, settings.certificate)
    key = _key(settings.key or settings.certificate)
    if key.public_key() != chain[0].public_key():
        where = settings.key or settings.certificate
        raise BadTls(f"{where}: the key is of another certificate than {settings.certificate}")
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    stores = {"cert": _pem(chain) + private}
    until = [one.not_valid_after_utc for one in chain]
    if settings.client_ca:
        authorities = _authorities(settings.client_ca, now)
        stores["ca-file"] = _pem(authorities)
        until += [one.not_valid_after_utc for one in authorities]
    if settings.client_crl:
        stores["crl-file"], next_update = _revoked(settings.client_crl, now)
        until += next_update
    for store, text in stores.items():
        if len(text) > MOST_BYTES:
            raise BadTls(f"{store} has {len(text)} bytes: HAProxy takes {MOST_BYTES} at run time")
    return Material(stores, _names(chain[0], settings.certificate), min(until))


def exposed(settings: TlsSettings) -> str | None:
    """That others may read the key, in one sentence."""
    path = settings.key or settings.certificate
    mode = path.stat().st_mode & 0o777
    return f"{path}: others on this machine may read the key (mode {mode:o})" if mode & 7 else None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadTls(f"{path}: {error.strerror}") from None


def _certificates(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_read(path))
    except ValueError:
        raise BadTls(f"{path}: there is no certificate in PEM") from None


def _holds(one: x509.Certificate, path: Path, now: datetime) -> None:
    whose = f"{path}: the certificate of {one.subject.rfc4514_string() or 'nobody'}"
    if now > one.not_valid_after_utc:
        raise BadTls(f"{whose} has expired on {one.not_valid_after_utc:%Y-%m-%d %H:%M} UTC")
    if now < one.not_valid_before_utc:
        raise BadTls(f"{whose} does not hold before {one.not_valid_before_utc:%Y-%m-%d %H:%M} UTC")


def _in_order(chain: list[x509.Certificate], path: Path) -> None:
    for place, (one, issuer) in enumerate(pairwise(chain), 2):
        try:
            one.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            raise BadTls(
                f"{path}: certificate {place} has not issued the one before it: the server's own "
                "comes first, then each issuer"
            ) from None


def _key(path: Path) -> PrivateKeyTypes:
    found = _KEY.search(_read(path))
    if found is None:
        raise BadTls(f"{path}: there is no private key in PEM")
    try:
        key = load_pem_private_key(found[0], None)
    except TypeError:
        raise BadTls(
            f"{path}: the key is encrypted, and nobody is there to be asked: decrypt it by "
            "`openssl pkey`, into a file of mode 600"
        ) from None
    except ValueError:
        raise BadTls(f"{path}: the private key cannot be read") from None
    if isinstance(key, RSAPrivateKey) and key.key_size < _RSA_BITS:
        raise BadTls(f"{path}: an RSA key of {key.key_size} bits: {_RSA_BITS} are the least")
    return key


def _names(leaf: x509.Certificate, path: Path) -> tuple[str, ...]:
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        raise BadTls(
            f"{path}: the certificate names no host as subjectAltName, where clients look"
        ) from None
    names = [*found.get_values_for_type(x509.DNSName)]
    return (*names, *(str(one) for one in found.get_values_for_type(x509.IPAddress)))


def _authorities(path: Path, now: datetime) -> list[x509.Certificate]:
    found = _certificates(path)
    for one in found:
        _holds(one, path, now)
        try:
            constraints = one.extensions.get_extension_for_class(x509.BasicConstraints).value
            signs = constraints.ca
        except x509.ExtensionNotFound:
            signs = False
        if not signs:
            name = one.subject.rfc4514_string()
            raise BadTls(f"{path}: {name} is no authority, and can have signed no client's")
    return found


def _revoked(path: Path, now: datetime) -> tuple[bytes, list[datetime]]:
    blocks = re.findall(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----", _read(path), re.S)
    try:
        lists = [x509.load_pem_x509_crl(block) for block in blocks]
    except ValueError:
        lists = []
    if not lists:
        raise BadTls(f"{path}: there is no list of revoked certificates in PEM")
    until = [one.next_update_utc for one in lists if one.next_update_utc]
    if until and now > min(until):
        raise BadTls(f"{path}: the list was to be renewed by {min(until):%Y-%m-%d %H:%M} UTC")
    return b"".join(one.public_bytes(Encoding.PEM) for one in lists), until


def _pem(certificates: Iterable[x509.Certificate]) -> bytes:
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)
