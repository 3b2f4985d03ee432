"""Places to listen, tried with real sockets."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.start.address import ConfigError
from app.start.ports import check_port, everywhere, holder, listen, process
from tests.support.serve import free_port
from tests.support.wait import wait_until

V4, V6 = socket.AF_INET, socket.AF_INET6


@contextmanager
def held(
    host: str, family: socket.AddressFamily = V4, *, listens: bool = True, shared: bool = False
) -> Iterator[int]:
    """A stranger's socket, which never answers; its port."""
    with socket.socket(family) as stranger:
        if shared:
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        stranger.bind((host, 0))
        if listens:
            stranger.listen(0)
        yield int(stranger.getsockname()[1])


def refusal(host: str, port: int) -> str:
    with pytest.raises(ConfigError) as refused:
        check_port("http_options", host, port)
    return str(refused.value)


@pytest.mark.parametrize(
    ("theirs", "family", "ours"),
    [
        ("127.0.0.1", V4, "127.0.0.1"),
        ("127.0.0.1", V4, "0.0.0.0"),
        ("0.0.0.0", V4, "127.0.0.1"),
        ("127.0.0.9", V4, "0.0.0.0"),
        ("127.0.0.1", V4, "localhost"),
        ("127.0.0.1", V4, "::"),
        ("::", V6, "0.0.0.0"),
        ("::1", V6, "::"),
        ("::1", V6, "[::1]"),
    ],
)
def test_what_another_listens_on_is_refused(
    theirs: str, family: socket.AddressFamily, ours: str
) -> None:
    with held(theirs, family) as port:
        told = refusal(ours, port)

        assert told.startswith(f"port {port} (http_options) is held by process {os.getpid()} (")
        assert told.endswith("): end it, or change the port in http_options")
        assert "\n" not in told
    check_port("http_options", ours, port)


def test_one_that_would_share_its_port_is_refused_as_well() -> None:
    """HAProxy would take it for one of its own, and get half of the connections."""
    with held("127.0.0.1", shared=True) as port:
        assert "is held by" in refusal("127.0.0.1", port)


def test_one_that_does_not_listen_yet_is_refused_although_nobody_sees_it() -> None:
    with held("127.0.0.1", listens=False) as port:
        assert "is held by a process that cannot be seen from here" in refusal("127.0.0.1", port)


@pytest.mark.parametrize(("theirs", "ours"), [("127.0.0.9", "127.0.0.1"), ("127.0.0.1", "::1")])
def test_another_interface_is_none_of_ours(theirs: str, ours: str) -> None:
    with held(theirs) as port:
        check_port("http_options", ours, port)


def test_a_port_whose_connections_have_only_just_ended_is_free() -> None:
    server = listen("127.0.0.1", 0)
    where = server.getsockname()
    with socket.create_connection(where):
        accepted, _ = server.accept()
        accepted.close()  # it is the server that waits now
    server.close()

    check_port("http_options", *where)


def test_the_port_of_a_datagram_is_another() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.1", 0))
        check_port("http_options", "127.0.0.1", stranger.getsockname()[1])


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    told = refusal(host, free_port())
    assert told == f"http_options: {host} is no address of this machine: change the host"


def test_a_name_without_an_address_is_refused() -> None:
    assert "http_options: nowhere.invalid has no address (" in refusal("nowhere.invalid", 80)


def test_a_port_that_is_not_this_users_is_refused() -> None:
    """By a process that is nobody's, if this one is root's."""
    code = """
import encodings.idna  # nobody may not look where it is
import os
from app.start.ports import check_port
if os.geteuid() == 0:
    os.setresuid(65534, 65534, 65534)
open("/proc/sys/net/ipv4/ip_unprivileged_port_start").read() != "0\\n" or print("all are")
check_port("http_options", "127.0.0.1", 80)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if "all are" in done.stdout:
        pytest.skip("on this machine everybody may listen on any port")
    told = done.stderr.splitlines()[-1]
    assert "this user may not listen on port 80 (http_options), which are his from" in told
    assert told.endswith(": change the port in http_options")


def test_how_to_have_another_port_may_be_said_otherwise() -> None:
    with (
        held("127.0.0.1") as port,
        pytest.raises(ConfigError, match=r"end it, or set RAY_X to another$"),
    ):
        check_port("RAY_X", "127.0.0.1", port, "set RAY_X to another")


_SHARES = """
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1])), reuse_port=True):
    print("listens", flush=True)
    sys.stdin.read()
"""


def test_all_of_several_holders_are_told() -> None:
    with held("127.0.0.1", shared=True) as port:
        command = [sys.executable, "-c", _SHARES, str(port)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            told = holder(port)
            child.communicate()

    for pid in (os.getpid(), child.pid):
        assert f"process {pid} (" in told
    assert ") and process " in told


def test_a_process_is_told_by_the_names_of_its_files() -> None:
    with subprocess.Popen(
        [sys.executable, "/dev/stdin", "/a/b.yaml"], stdin=subprocess.PIPE
    ) as one:
        # A process that has only just become another program has no command line yet.
        wait_until(lambda: process(one.pid).endswith(" stdin b.yaml)"), "its name")
        told = process(one.pid)
        one.communicate(b"")
    assert "/" not in told


def test_one_that_has_ended_has_no_command() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        pass
    assert process(child.pid) == f"process {child.pid}"


def test_everywhere_is_where_one_can_listen() -> None:
    listen(everywhere(), 0).close()
