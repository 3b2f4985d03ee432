"""What is watched while it serves."""

import socket
import time
from typing import Any

import httpx
import pytest

from app.start.parts import CannotHeal
from app.start.serving import watch


class Dying:
    """A run of which a part has died by the second look."""

    going = True
    looks = 0

    def look(self) -> None:
        self.looks += 1
        if self.looks > 1:
            raise CannotHeal("Ray's GCS has died")


def test_a_dashboard_that_hangs_does_not_keep_it_from_what_has_died() -> None:
    run: Any = Dying()
    with socket.create_server(("127.0.0.1", 0)) as silent, httpx.Client(timeout=30) as client:
        dashboard = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(CannotHeal):
            watch(client, [], run, dashboard, print)

    assert time.monotonic() - began < 10
