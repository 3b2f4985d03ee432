"""A real PostgreSQL server, of the binaries that the machine has."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.support.wait import wait_until

USER = "feast"

# It refuses to run as root.
_OTHERS: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []}


def postgres_binaries() -> Path | None:
    """The folder of ``postgres`` and ``initdb``, None where there are none."""
    found = shutil.which("postgres")
    debians = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    binaries = Path(found).resolve().parent if found else debians[-1].parent if debians else None
    return binaries if binaries is not None and (binaries / "initdb").exists() else None


@contextmanager
def postgres_server(time_zone: str = "UTC") -> Iterator[int]:
    """The port of a server that ends with the block, and takes anybody for whom they say they are.

    Raises AssertionError where ``postgres_binaries`` finds none.
    """
    binaries = postgres_binaries()
    assert binaries is not None
    account = _OTHERS if os.geteuid() == 0 else {}
    # Not pytest's own folder, into which another account cannot look.
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
        if account:
            shutil.chown(folder, account["user"], account["group"])
        data = Path(folder, "data")
        options = ["-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(
            [binaries / "initdb", "-D", data, *options],
            check=True,
            capture_output=True,
            cwd=folder,
            **account,
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": folder,
            "timezone": time_zone,
            "fsync": "off",
        }
        server = subprocess.Popen(
            [
                *(binaries / "postgres", "-D", data, "-p", str(port)),
                *(part for item in settings.items() for part in ("-c", "=".join(item))),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            **account,
        )
        try:
            wait_until(lambda: _answers(port), "the PostgreSQL server's answer")
            yield port
        finally:
            server.send_signal(signal.SIGINT)  # disconnects whoever is there
            server.wait(timeout=30)


def fresh_database(port: int) -> dict[str, Any]:
    """Feast's settings for an online store in a database of its own."""
    name = f"d{secrets.token_hex(8)}"
    with connection(port) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    return {
        "type": "postgres",
        "host": "127.0.0.1",
        "port": port,
        "database": name,
        "user": USER,
        "password": "none",
        "sslmode": "disable",
    }


def connection(port: int, database: str = "postgres") -> "psycopg.Connection[Any]":
    """One that commits each statement by itself."""
    return psycopg.connect(host="127.0.0.1", port=port, dbname=database, user=USER, autocommit=True)


def _answers(port: int) -> bool:
    try:
        connection(port).close()
    except psycopg.OperationalError:
        return False
    return True
