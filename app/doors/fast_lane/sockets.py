"""uvicorn's WebSocket protocol, with bounds on what a client can make it do and hold."""

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

# Frames are taken from so many bytes at a time: of the smallest there are some thousand in it.
_SLICE = 2**14
_FAREWELL_S = 10.0


class Socket(WebSocketsSansIOProtocol):
    """One socket. What arrives is taken apart as the application asks for it, nothing is read from
    a client that does not read itself, and one that is to be closed does not stay."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._arrived = b""
        self._closing_since: float | None = None
        super().connection_made(transport)

    def overdue(self, now: float) -> bool:
        """Whether it should have been closed for a while, and is not: its client reads nothing."""
        if not self.transport.is_closing():
            return False
        if self._closing_since is None:
            self._closing_since = now
        return now - self._closing_since > _FAREWELL_S

    def data_received(self, data: bytes) -> None:
        if self.conn.parser_exc is not None:
            return
        others_wait = bool(self._arrived)
        self._arrived += data
        if self.close_sent:
            self._take(len(self._arrived))
        elif not others_wait:
            if len(data) > _SLICE:
                self._pause()
            self._take(_SLICE)

    async def receive(self) -> Any:
        message = await self.queue.get()
        if self.queue.empty():
            self._go_on()
        return message

    def pause_writing(self) -> None:
        super().pause_writing()
        # Or its pings would be answered into a buffer without an end.
        if not self.transport.is_closing():
            self._pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.queue.empty():
            self._go_on()

    def handle_parser_exception(self) -> None:
        """Say what is wrong, and close once the client has. Closed at once, with more of its data
        on the way, the kernel would reset the connection and take the reason back."""
        closed = self.conn.close_sent
        assert closed is not None
        self.queue.put_nowait(
            {"type": "websocket.disconnect", "code": closed.code, "reason": closed.reason}
        )
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.write_eof()
        self.close_sent = True
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.close)
        self._arrived = b""
        self.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrived = b""
        super().connection_lost(exc)

    def _take(self, size: int) -> None:
        piece, self._arrived = self._arrived[:size], self._arrived[size:]
        super().data_received(piece)
        if self.read_paused and self.queue.empty():
            # Nothing in it was a message, so nobody will ask for the next.
            self.loop.call_soon(self._go_on)

    def _pause(self) -> None:
        self.read_paused = True
        self.transport.pause_reading()

    def _go_on(self) -> None:
        """Take what has arrived, or read on."""
        if self.transport.is_closing() or not self.writable.is_set():
            return
        if self._arrived:
            self._take(_SLICE)
        else:
            self.read_paused = False
            self.transport.resume_reading()
