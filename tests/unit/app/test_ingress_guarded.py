"""An ingress replica that lets nobody in without a key."""

from pathlib import Path

import httpx
import pytest

from app.access.key import id_of
from app.access.key_changes import create, revoke
from app.access.key_file import BrokenKeys
from app.access.principal import Scope
from app.config import GraphArgs
from tests.support.hanging import Stages
from tests.support.manifests import parcels, store
from tests.support.serve import free_port
from tests.support.wait import wait_for
from tests.unit.app.test_ingress import Elsewhere, Replica


def args_in(folder: Path) -> GraphArgs:
    """Of a graph whose clients have to show who they are, as it is by default."""
    store(folder, parcels())
    given = {
        "model": {"name": "parcels", "directory": str(folder)},
        "fast_lane": {"port": free_port()},
    }
    return GraphArgs.model_validate(given, context=folder)


async def test_a_key_counts_from_when_it_is_made_until_it_is_revoked(tmp_path: Path) -> None:
    args = args_in(tmp_path)
    assert args.auth
    assert args.fast_lane
    stages = Stages()
    replica = Replica(args, lambda *_: Elsewhere(stages))
    await replica.reconfigure({"version": "1"})
    url = f"http://127.0.0.1:{args.fast_lane.port}"
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:

        async def status(path: str, key: str = "") -> int:
            headers = {"authorization": f"Bearer {key}"} if key else {}
            return (await client.get(path, headers=headers)).status_code

        health = (await client.get("/health")).json()
        assert health["auth"] == "on"
        assert "windsock keys create" in health["problem"]
        assert [await status(path) for path in ("/models", "/nowhere")] == [401, 401]

        key = create(args.auth, "shop", [Scope.FEEDBACK])
        await wait_for(lambda: not replica._guards.problems(), timeout_s=1)
        assert [await status(path, key) for path in ("/models", "/nowhere")] == [200, 404]
        asked = await client.post("/predict", headers={"authorization": f"Bearer {key}"})
        assert (asked.status_code, asked.json()["error"]["code"]) == (403, "forbidden")

        revoke(args.auth, id_of(key))
        await wait_for(lambda: bool(replica._guards.problems()), timeout_s=1)
        assert await status("/models", key) == 401
    await replica._leave()


async def test_it_does_not_start_with_keys_that_it_cannot_read(tmp_path: Path) -> None:
    args = args_in(tmp_path)
    assert args.auth
    args.auth.keys.parent.mkdir()
    args.auth.keys.write_text("{}}")
    stages = Stages()
    replica = Replica(args, lambda *_: Elsewhere(stages))

    with pytest.raises(BrokenKeys):
        await replica.reconfigure({"version": "1"})
    await replica._leave()
