"""Our HTTP protocol for the servers that Ray opens, whose settings leave open what is set here."""

from typing import Any

from uvicorn import Config
from uvicorn.server import ServerState

from app.doors.http1 import Http1

HEAD_S = 10.0
"""How long a head may take to arrive: as the fast lane has it (``arrival_s``)."""


class RaysHttp(Http1):
    """One connection, whose server has no name, and which is closed where no request comes, or the
    head of one does not arrive in time. By itself uvicorn waits for both without an end."""

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any], **more: Any
    ) -> None:
        if config.server_header:
            config.server_header = False
            config.encoded_headers = _nameless(config.encoded_headers)
        server_state.default_headers = _nameless(server_state.default_headers)
        super().__init__(config, server_state, app_state, **more)

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait(self.timeout_keep_alive)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.head_since is not None:
            self._wait(HEAD_S - (self.loop.time() - self.head_since))

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._wait_no_more()

    def _wait(self, seconds: float) -> None:
        self._wait_no_more()
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )

    def _wait_no_more(self) -> None:
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None


def _nameless(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [header for header in headers if header[0] != b"server"]
