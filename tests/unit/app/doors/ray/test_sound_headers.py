import pytest
from starlette.types import Receive, Scope, Send

from app.doors.ray.sound_headers import SoundHeaders
from tests.support.asgi import drive, http


@pytest.mark.parametrize(
    "header",
    [
        (b"x-request-id", b"\xff"),
        (b"x-\x80", b"1"),
        (b"traceparent", "ü".encode()),
        (b"x-request-timeout-seconds", b"-1"),
    ],
)
async def test_a_header_that_rays_doors_do_not_take_is_taken_out(
    header: tuple[bytes, bytes],
) -> None:
    seen: list[tuple[bytes, bytes]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend(scope["headers"])

    sound = [(b"x-request-id", b"mine"), (b"x-request-timeout-ms", b"100")]

    await drive(SoundHeaders(app), http("/predict", headers=[sound[0], header, sound[1]]))

    assert seen == sound
