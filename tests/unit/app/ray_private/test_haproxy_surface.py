"""What Ray's HAProxy opens on this machine; test_surface.py of the doors asks through it."""

import os
import re
import stat
from pathlib import Path
from typing import Any

import grpc
import httpx
import psutil
import pytest
from ray.serve.generated import serve_pb2, serve_pb2_grpc

from app.ray_private.haproxy_surface import HOST, private
from tests.support.haproxy import application, config, running

pytestmark = pytest.mark.usefixtures("unmended")
messages: Any = serve_pb2  # its names are not for others, says its type
services: Any = serve_pb2_grpc
MINE = application("mine", {"one": 30000}, grpc={"one": 40000})


@pytest.mark.parametrize(("host", "shown"), [(None, "127.0.0.1"), ("0.0.0.0", "0.0.0.0")])
async def test_what_it_tells_of_itself_is_for_this_machine(
    folder: Path, monkeypatch: pytest.MonkeyPatch, host: str | None, shown: str
) -> None:
    monkeypatch.delenv(HOST, raising=False)
    if host:
        monkeypatch.setenv(HOST, host)
    of = config(folder)
    async with running(of, MINE) as haproxy:
        listening = {
            (one.laddr.ip, one.laddr.port)
            for one in psutil.Process(haproxy._proc.pid).net_connections("tcp")
            if one.status == "LISTEN" and one.laddr
        }
        async with httpx.AsyncClient() as client:
            statistics = (await client.get(f"http://127.0.0.1:{of.stats_port}/stats")).text

    assert listening == {
        ("127.0.0.1", of.http_options.port),
        ("127.0.0.1", of.grpc_options.port),
        (shown, of.metrics_port),
        (shown, of.stats_port),
    }
    assert "mine" in statistics
    assert not re.search(r"version [\d.]+", statistics)


async def test_its_socket_is_this_users_alone(folder: Path) -> None:
    folder.chmod(0o755)
    of = config(folder)
    async with running(of, MINE):
        modes = [stat.S_IMODE(os.stat(path).st_mode) for path in (folder, of.socket_path)]

    assert modes == [0o700, 0o600]


def test_a_folder_that_another_could_have_is_refused(folder: Path) -> None:
    mine = folder / "haproxy"
    private(mine)
    assert stat.S_IMODE(mine.stat().st_mode) == 0o700

    link = folder / "link"
    link.symlink_to(mine)
    open_to_all = folder / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    for one in (link, open_to_all / "haproxy"):
        with pytest.raises(RuntimeError, match="is not this user's alone"):
            private(one)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
def test_another_users_folder_is_refused(folder: Path) -> None:
    theirs = folder / "theirs"
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)

    for one in (theirs, theirs / "haproxy"):
        with pytest.raises(RuntimeError, match="set RAY_SERVE_HAPROXY_SOCKET_PATH"):
            private(one)


async def test_applications_are_named_to_nobody(folder: Path) -> None:
    of = config(folder)
    two = application("other", {"two": 30001}, grpc={"two": 40001}, prefix="/other")
    async with (
        running(of, MINE, two),
        grpc.aio.insecure_channel(f"127.0.0.1:{of.grpc_options.port}") as channel,
    ):
        stub = services.RayServeAPIServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as listed:
            await stub.ListApplications(messages.ListApplicationsRequest(), timeout=10)
        any_method = channel.unary_unary("/inference.GRPCInferenceService/ServerLive")
        told = []
        for metadata in ((), (("application", "their%0aown"),)):
            with pytest.raises(grpc.aio.AioRpcError) as unknown:
                await any_method(b"", timeout=10, metadata=metadata)
            told.append((unknown.value.code(), unknown.value.details()))

    assert listed.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert told == [
        (grpc.StatusCode.NOT_FOUND, "the metadata must name an application"),
        (grpc.StatusCode.NOT_FOUND, "there is no such application"),
    ]
