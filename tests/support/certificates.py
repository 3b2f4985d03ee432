"""Authorities and what they sign, made for a test."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
HOUR = timedelta(hours=1)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: Key, password: bytes | None = None) -> bytes:
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


@dataclass
class Signed:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def written(self, folder: Path, name: str = "server") -> tuple[Path, Path]:
        """The files of certificate and key."""
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        certificate.write_bytes(self.pem)
        key.touch(mode=0o600)
        key.write_bytes(key_pem(self.key))
        return certificate, key


@dataclass
class Authority:
    """One that signs for ``names``; its own certificate is by itself, or by another one."""

    name: str = "tests"
    by: "Authority | None" = None
    key: Key = field(default_factory=new_key)

    def __post_init__(self) -> None:
        signer = self.by or self
        begun = _begun(self.name, signer.name, self.key, HOUR)
        self.certificate = begun.add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        ).sign(signer.key, SHA256())

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def signs(
        self,
        names: Sequence[str] = ("localhost", "127.0.0.1"),
        *,
        ends: timedelta = HOUR,
        key: Key | None = None,
    ) -> Signed:
        """One for these hosts that ends in so long, perhaps a while ago."""
        key = key or new_key()
        begun = _begun(names[0] if names else "client", self.name, key, ends)
        if names:
            hosts = x509.SubjectAlternativeName([_general(name) for name in names])
            begun = begun.add_extension(hosts, critical=False)
        return Signed(begun.sign(self.key, SHA256()), key)

    def revokes(self, *signed: Signed, renewed: timedelta = HOUR) -> bytes:
        """Its list of these, in PEM, to be renewed within so long."""
        now = datetime.now(UTC)
        begun = x509.CertificateRevocationListBuilder(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)]),
            now - 2 * HOUR,
            now + renewed,
        )
        for one in signed:
            begun = begun.add_revoked_certificate(
                x509.RevokedCertificateBuilder(one.certificate.serial_number, now).build()
            )
        return begun.sign(self.key, SHA256()).public_bytes(Encoding.PEM)

    def trusted(self, client: tuple[Path, Path] | None = None) -> ssl.SSLContext:
        """The context of a client that knows this authority, and has a certificate itself."""
        context = ssl.create_default_context(cadata=self.pem.decode())
        if client:
            context.load_cert_chain(*client)
        return context


def _begun(of: str, by: str, key: Key, ends: timedelta) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    issuer, subject = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in (by, of)
    )
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - 24 * HOUR)
        .not_valid_after(now + ends)
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
