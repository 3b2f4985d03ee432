"""Pages in a real browser that open a stream where clients have to show who they are."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.access.principal import Principal, Scope
from app.config import CorsSettings
from app.edge.cors import cross_origin
from app.edge.options import RequestOptions
from app.serving.dataplane import Dataplane
from tests.support.browser import CHROMIUM, found_by
from tests.support.doors import door
from tests.support.guarded import guarded
from tests.support.issuer import Issuer, issuing
from tests.support.manifests import EXAMPLE
from tests.support.serve import free_port

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

_PAGE = """<!doctype html><script>
const asked = %s, found = {};
const socket = (query) => new Promise((tell) => {
    const one = new WebSocket(asked.service.replace('http', 'ws') + '/predict/stream' + query);
    one.onopen = () => one.send(JSON.stringify({id: 1, instance: asked.row}));
    one.onmessage = (message) => { tell(message.data); one.close(); };
    one.onerror = () => tell('refused');
});
(async () => {
    found.without = await socket('');
    found.leaked = await socket('?ticket=' + asked.leaked);
    try {
        const path = asked.service + '/predict/stream/ticket';
        const headers = {authorization: asked.authorization};
        const answer = await fetch(path, {method: 'POST', headers});
        const {ticket} = await answer.json();
        found.first = await socket('?ticket=' + ticket);
        found.again = await socket('?ticket=' + ticket);
    } catch (error) { found.error = String(error); }
    await fetch('/found', {method: 'POST', body: JSON.stringify(found)});
})();
</script>"""


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


async def found_by_page(
    kind: str, dataplane: Dataplane, folder: Path, issuer: Issuer, *, allowed: bool
) -> dict[str, Any]:
    port = free_port()
    cors = CorsSettings(origins=[f"http://localhost:{port}"]) if allowed else None
    async with guarded(dataplane, folder / "auth", issuer, cors=cors) as service:
        assert service.guards.authenticator is not None
        options = RequestOptions([])  # of a client that is no page
        options.principal = Principal("ada", frozenset({Scope.PREDICT}))
        asked = {
            "row": EXAMPLE,
            "authorization": service.good["key"],
            "leaked": service.guards.authenticator.ticket(options).text,
        }
        async with door(kind, cross_origin(service.app, cors)) as at:
            asked["service"] = f"http://127.0.0.1:{at}"
            return await found_by(_PAGE % json.dumps(asked), port, folder / "profile")


@pytest.mark.parametrize("kind", ["fast-lane", "ray"])
async def test_a_page_opens_a_stream_with_a_ticket_of_its_own(
    kind: str, dataplane: Dataplane, tmp_path: Path, issuer: Issuer
) -> None:
    found = await found_by_page(kind, dataplane, tmp_path, issuer, allowed=True)

    assert "outputs" in json.loads(found.pop("first"))
    assert found == {"without": "refused", "leaked": "refused", "again": "refused"}


async def test_a_page_of_another_origin_opens_none_whatever_it_has(
    dataplane: Dataplane, tmp_path: Path, issuer: Issuer
) -> None:
    found = await found_by_page("fast-lane", dataplane, tmp_path, issuer, allowed=False)

    assert found.pop("error") == "TypeError: Failed to fetch"
    assert found == {"without": "refused", "leaked": "refused"}
