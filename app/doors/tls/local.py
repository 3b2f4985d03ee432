"""A certificate for this machine, by an authority that nobody can use for anything else."""

import os
import socket
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.doors.tls.material import read
from app.doors.tls.settings import BadTls, TlsSettings

_HOLDS = timedelta(days=365)
_LEFT = timedelta(days=30)


def local(folder: Path, host: str) -> tuple[TlsSettings, Path]:
    """One for localhost, this machine's name and ``host``, made where ``folder`` has none that
    holds for another month; and the authority, for clients to trust. Its key signs this one
    certificate and is never written: who has it trusted trusts no other."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A browser that had it said would come to each port of localhost by TLS, for a year.
    settings = TlsSettings(certificate=folder / "certificate.pem", key=folder / "key.pem", hsts_s=0)
    authority = folder / "ca.pem"
    names = [*dict.fromkeys(("localhost", "127.0.0.1", "::1", socket.gethostname(), host))]
    with suppress(BadTls):
        made = read(settings, datetime.now(UTC) + _LEFT)
        if authority.is_file() and set(names) <= {*made.names}:
            return settings, authority
    _make(settings, authority, names)
    return settings, authority


def _make(settings: TlsSettings, authority: Path, names: list[str]) -> None:
    assert settings.key
    now = datetime.now(UTC)
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    of_root, of_leaf = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
        for text in ("Windsock on this machine", names[0])
    )
    root = (
        _begun(of_root, of_root, root_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(root_key, SHA256())
    )
    leaf = (
        _begun(of_leaf, of_root, key.public_key(), now)
        .add_extension(x509.SubjectAlternativeName([_general(one) for one in names]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), False
        )
        .sign(root_key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(settings.key, private, 0o600)
    _write(settings.certificate, leaf.public_bytes(Encoding.PEM), 0o644)
    _write(authority, root.public_bytes(Encoding.PEM), 0o644)


def _begun(
    of: x509.Name, by: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(by, of, key, x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _HOLDS)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, text: bytes, mode: int) -> None:
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(text)
