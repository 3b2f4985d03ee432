"""Files with which no client would be served are refused in one sentence, which names the file."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from app.doors.tls.material import exposed, read
from app.doors.tls.settings import BadTls, TlsSettings
from tests.support.certificates import HOUR, Authority, key_pem, new_key

Wrong = Callable[[TlsSettings, Authority], object]


def rewritten(settings: TlsSettings, text: bytes) -> None:
    settings.certificate.write_bytes(text)


def no_key(settings: TlsSettings) -> Path:
    assert settings.key
    return settings.key


WRONG: dict[str, tuple[Wrong, str]] = {
    "missing": (
        lambda one, _: one.certificate.unlink(),
        r"server\.pem: No such file or directory",
    ),
    "empty": (
        lambda one, _: rewritten(one, b""),
        r"server\.pem: there is no certificate in PEM",
    ),
    "a key in its place": (
        lambda one, _: rewritten(one, no_key(one).read_bytes()),
        r"server\.pem: there is no certificate in PEM",
    ),
    "cut off": (
        lambda one, _: rewritten(one, one.certificate.read_bytes()[:200]),
        r"server\.pem: there is no certificate in PEM",
    ),
    "expired": (
        lambda one, by: by.signs(ends=-HOUR).written(one.certificate.parent),
        r"server\.pem: the certificate of CN=localhost has expired on \d{4}-.* UTC",
    ),
    "for no host": (
        lambda one, by: by.signs(()).written(one.certificate.parent),
        r"server\.pem: the certificate names no host as subjectAltName, where clients look",
    ),
    "upside down": (
        lambda one, by: rewritten(one, by.pem + one.certificate.read_bytes()),
        r"server\.pem: certificate 2 has not issued the one before it: .*",
    ),
    "no key": (
        lambda one, _: no_key(one).write_bytes(one.certificate.read_bytes()),
        r"server\.key: there is no private key in PEM",
    ),
    "another's key": (
        lambda one, _: no_key(one).write_bytes(key_pem(new_key())),
        r"server\.key: the key is of another certificate than .*server\.pem",
    ),
    "a locked key": (
        lambda one, _: no_key(one).write_bytes(key_pem(new_key(), b"secret")),
        r"server\.key: the key is encrypted, and nobody is there to be asked: .*",
    ),
    "a broken key": (
        lambda one, _: no_key(one).write_bytes(
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
        ),
        r"server\.key: the private key cannot be read",
    ),
    "a short key": (
        lambda one, by: by.signs(key=rsa.generate_private_key(65537, 1024)).written(
            one.certificate.parent
        ),
        r"server\.key: an RSA key of 1024 bits: 2048 are the least",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_certificate_or_key(kind: str, settings: TlsSettings, authority: Authority) -> None:
    spoil, says = WRONG[kind]
    spoil(settings, authority)
    with pytest.raises(BadTls, match=rf"^\S*{says}$") as raised:
        read(settings)
    assert "\n" not in str(raised.value)
    assert "PRIVATE" not in str(raised.value)


def test_clients_authorities(settings: TlsSettings, authority: Authority, tmp_path: Path) -> None:
    file = tmp_path / "clients.pem"
    asked = replace(settings, client_ca=file)
    for text, says in (
        (authority.signs().pem, "CN=localhost is no authority, and can have signed no client's"),
        (b"none", "there is no certificate in PEM"),
        (b"".join(Authority(f"authority {n}").pem for n in range(80)), "HAProxy takes 30000"),
    ):
        file.write_bytes(text)
        with pytest.raises(BadTls, match=re.escape(says)):
            read(asked)


def test_what_they_revoked(settings: TlsSettings, authority: Authority, tmp_path: Path) -> None:
    file = tmp_path / "revoked.pem"
    asked = replace(settings, client_crl=file)
    for text, says in (
        (authority.revokes(renewed=-HOUR), r"the list was to be renewed by \d{4}-.* UTC"),
        (authority.pem, "there is no list of revoked certificates in PEM"),
    ):
        file.write_bytes(text)
        with pytest.raises(BadTls, match=says):
            read(asked)


def test_a_chain_in_one_file_with_its_key(authority: Authority, tmp_path: Path) -> None:
    between = Authority("between", by=authority)
    signed = between.signs(["a.example", "::1"], ends=timedelta(hours=3))
    file = tmp_path / "all.pem"
    file.write_bytes(key_pem(signed.key) + signed.pem + between.pem)
    file.chmod(0o644)

    found = read(TlsSettings(certificate=file))

    assert found.names == ("a.example", "::1")
    assert found.until == between.certificate.not_valid_after_utc  # the first that ends
    assert found.stores["cert"].count(b"BEGIN CERTIFICATE") == 2
    assert found.stores["cert"].endswith(key_pem(signed.key))
    assert exposed(TlsSettings(certificate=file)) == (
        f"{file}: others on this machine may read the key (mode 644)"
    )


def test_a_sound_one_is_not_exposed(settings: TlsSettings) -> None:
    assert exposed(settings) is None
    assert str(read(settings)).startswith("the certificate for localhost, 127.0.0.1, until 2")
