from pathlib import Path

import httpx

from app.asgi import Application
from app.config import EdgeArgs, Limits
from app.serving.dataplane import Dataplane
from tests.support.asgi import drive
from tests.support.streams import stream
from tests.unit.app.protocols.stream.services import service


async def test_its_id_is_in_the_handshake(tmp_path: Path) -> None:
    async with service(tmp_path) as served:
        async with stream(served.url) as client:
            assert client.socket.response is not None
            made = client.socket.response.headers["x-request-id"]
        async with stream(served.url, headers=[("x-request-id", "mine")]) as client:
            assert client.socket.response is not None
            assert client.socket.response.headers["x-request-id"] == "mine"
            answer = await client.ask(1, {})
    assert len(made) == 32
    assert answer["error"]["request_id"] == "mine"


async def test_a_handshake_is_refused_as_a_request_is(tmp_path: Path) -> None:
    async with service(tmp_path) as served:
        for path, headers, status, code in [
            ("/predict/stream", {"x-request-timeout-ms": "soon"}, 422, "invalid_field"),
            ("/predict/stream?values=maybe", {}, 422, "invalid_field"),
            ("/predict", {}, 404, "not_found"),
        ]:
            answer = await _handshake(served.url, path, headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
            assert answer.headers["x-request-id"] == answer.json()["error"]["request_id"]
        served.dataplane.in_service.clear()
        answer = await _handshake(served.url, "/predict/stream", {})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")


async def test_a_plain_request_is_told_what_it_is(tmp_path: Path) -> None:
    async with service(tmp_path) as served, httpx.AsyncClient(base_url=served.url) as http:
        answer = await http.get("/predict/stream")
        other = await http.post("/predict/stream")

    assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")
    assert answer.json()["error"]["code"] == "upgrade_required"
    assert other.status_code == 405


async def test_a_server_that_can_send_no_answer_to_a_handshake_closes(
    dataplane: Dataplane, limits: Limits
) -> None:
    dataplane.in_service.clear()
    scope = {"type": "websocket", "path": "/predict/stream", "headers": []}

    sent, _ = await drive(
        Application(dataplane, EdgeArgs(limits=limits)), scope, [{"type": "websocket.connect"}]
    )

    reason = "no model version is in service yet: see /health/ready"
    assert sent == [{"type": "websocket.close", "code": 1013, "reason": reason}]


async def _handshake(url: str, path: str, headers: dict[str, str]) -> httpx.Response:
    upgrade = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    async with httpx.AsyncClient(base_url=url) as client:
        return await client.get(path, headers={**upgrade, **headers})
