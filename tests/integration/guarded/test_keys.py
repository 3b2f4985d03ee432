"""Keys in a running graph, at each of its doors."""

from collections.abc import Callable

import grpc
import httpx
import pytest

from app.access.key import id_of
from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from tests.integration.guarded.conftest import Guarded
from tests.support.oip import grpc_stub
from tests.support.wait import wait_until

MODEL = "flight_delay"


def _rest(url: str, key: str) -> bool:
    answer = httpx.get(f"{url}/models", headers={"authorization": f"Bearer {key}"}, timeout=30)
    assert answer.status_code in (200, 401), answer.text
    return answer.status_code == 200


def _grpc(address: str, key: str) -> bool:
    asked = pb.ModelMetadataRequest(name=MODEL)
    metadata = [("authorization", f"Bearer {key}")]
    with grpc.insecure_channel(address) as channel:
        try:
            grpc_stub(channel).ModelMetadata(asked, metadata=metadata, timeout=30)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNAUTHENTICATED:
                raise
            return False
        return True


@pytest.fixture(params=["haproxy", "fast-lane", "grpc"])
def counts(request: pytest.FixtureRequest, guarded: Guarded) -> Callable[[str], bool]:
    """Whether a key counts at this door."""
    asked: dict[str, Callable[[str], bool]] = {
        "haproxy": lambda key: _rest(guarded.url, key),
        "fast-lane": lambda key: _rest(guarded.fast_lane, key),
        "grpc": lambda key: _grpc(guarded.grpc, key),
    }
    return asked[request.param]


def test_a_key_counts_at_each_door_within_a_second_until_it_is_revoked(
    guarded: Guarded, counts: Callable[[str], bool]
) -> None:
    wait_until(lambda: counts(guarded.key), "the local key", timeout_s=5)
    key = guarded.keys("create", "shop")
    wait_until(lambda: counts(key), "a new key", timeout_s=1)
    new = guarded.keys("rotate", id_of(key), "--overlap", "1h")
    wait_until(lambda: counts(new), "the one in its place", timeout_s=1)
    assert counts(key)
    guarded.keys("revoke", id_of(key))
    wait_until(lambda: not counts(key), "the end of the key", timeout_s=1)
    assert counts(new)
    guarded.keys("revoke", new)
    assert counts(guarded.key)


def test_a_broken_file_leaves_the_keys_and_is_told(
    guarded: Guarded, counts: Callable[[str], bool]
) -> None:
    def problem() -> str:
        return str(httpx.get(f"{guarded.url}/health", timeout=30).json()["problem"])

    file = guarded.folder / ".windsock" / "keys.json"
    whole = file.read_bytes()
    try:
        file.write_bytes(whole[:-5])
        wait_until(lambda: "API keys" in problem(), "the problem")
        assert counts(guarded.key)
        assert str(guarded.folder) not in problem()
    finally:
        file.write_bytes(whole)
    wait_until(lambda: "API keys" not in problem(), "all well")
