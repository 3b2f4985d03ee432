"""Both clients over TLS, with an authority of one's own."""

import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.unit.client.conftest import Opened
from tests.unit.client.servers import PREDICTION, Service, service
from tests.unit.client.streamers import Streamer, streamer
from windsock import Prediction, Untrusted


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For 127.0.0.1, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "windsock")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "windsock.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(signed.public_bytes(Encoding.PEM) + private)
    return path


@pytest.fixture
def ours(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
async def https(server_tls: ssl.SSLContext) -> AsyncIterator[Service]:
    async with service(tls=server_tls) as server:
        yield server


@pytest.fixture
async def wss(server_tls: ssl.SSLContext) -> AsyncIterator[Streamer]:
    async with streamer(tls=server_tls) as server:
        yield server


async def test_calls(https: Service, opened: Opened, ours: ssl.SSLContext) -> None:
    assert https.url.startswith("https://")
    async with opened(https.url, ssl=ours) as client:
        assert (await client.predict(a=1)).outputs == PREDICTION["outputs"]


async def test_streams(wss: Streamer, opened: Opened, ours: ssl.SSLContext) -> None:
    assert wss.url.startswith("https://")
    async with opened(wss.url, ssl=ours) as client:
        found = await client.stream([{"n": n} for n in range(300)])
    assert len(found) == 300
    assert all(isinstance(given, Prediction) for _, given in found)


async def test_an_authority_that_nobody_knows_is_not_trusted(
    https: Service, wss: Streamer, opened: Opened
) -> None:
    async with opened([https.url]) as client:
        with pytest.raises(Untrusted, match=r"(?i)certificate") as refused:
            await client.predict(a=1)
        assert refused.value.tries == 1
    async with opened([wss.url]) as client:
        with pytest.raises(Untrusted, match=r"(?i)certificate") as refused:
            await client.stream([{"n": 1}])
        assert refused.value.tries == 1
    assert https.seen == []
    assert wss.rows == []
