"""A page in a real browser that asks from another origin, at every door."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.asgi import Application
from app.config import CorsSettings, EdgeArgs
from app.edge.cors import cross_origin
from app.serving.dataplane import Dataplane
from tests.support.browser import CHROMIUM, found_by
from tests.support.doors import DOORS, door
from tests.support.manifests import EXAMPLE
from tests.support.serve import free_port

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

_PAGE = """<!doctype html><script>
const asked = %s, found = {};
const answer = async (name, path, options) => {
    try {
        const got = await fetch(asked.service + path, options);
        found[name] = [got.status, got.headers.get('x-request-id'), await got.text()];
    } catch (error) { found[name] = String(error); }
};
const posted = (body, headers) =>
    ({method: 'POST', body, headers: {'content-type': 'application/json', ...headers}});
const socket = () => new Promise((tell) => {
    const one = new WebSocket(asked.service.replace('http', 'ws') + '/predict/stream');
    one.onopen = () => one.send(JSON.stringify({id: 1, instance: asked.row}));
    one.onmessage = (message) => { tell(message.data); one.close(); };
    one.onerror = () => tell('refused');
});
(async () => {
    const row = JSON.stringify(asked.row);
    await answer('health', '/health', {});
    await answer('predict', '/predict', posted(row, {'x-request-id': 'mine'}));
    await answer('again', '/predict', posted(row, {'x-request-timeout-ms': '9000'}));
    await answer('wrong', '/predict', posted('{}', {'x-request-id': 'mine'}));
    await answer('nowhere', '/nowhere', {});
    found.socket = await socket();
    await fetch('/found', {method: 'POST', body: JSON.stringify(found)});
})();
</script>"""


async def found_by_page(
    kind: str, dataplane: Dataplane, folder: Path, *, allowed: bool
) -> dict[str, Any]:
    """What a page finds that may ask, or may not since another may."""
    port = free_port()
    origin = f"http://localhost:{port}"
    cors = CorsSettings(origins=[origin if allowed else "https://other.test"])
    app = cross_origin(Application(dataplane, EdgeArgs(cors=cors)), cors)
    async with door(kind, app) as service:
        asked = {"service": f"http://127.0.0.1:{service}", "row": EXAMPLE}
        return await found_by(_PAGE % json.dumps(asked), port, folder)


@pytest.mark.parametrize("kind", DOORS)
async def test_a_page_that_may_ask_has_answers_and_errors(
    kind: str, dataplane: Dataplane, tmp_path: Path
) -> None:
    found = await found_by_page(kind, dataplane, tmp_path, allowed=True)

    assert {name: one[0] for name, one in found.items() if name != "socket"} == {
        "health": 200,
        "predict": 200,
        "again": 200,
        "wrong": 422,
        "nowhere": 404,
    }
    assert json.loads(found["wrong"][2])["error"]["code"] == "missing_field"
    if kind not in ("ray", "haproxy"):  # whose doors name requests themselves
        assert found["wrong"][1] == "mine"
    assert "outputs" in json.loads(found["socket"])


async def test_one_that_may_not_has_nothing(dataplane: Dataplane, tmp_path: Path) -> None:
    found = await found_by_page("fast-lane", dataplane, tmp_path, allowed=False)

    assert found.pop("socket") == "refused"
    assert set(found.values()) == {"TypeError: Failed to fetch"}
