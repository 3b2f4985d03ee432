"""Replicas that count together, each in a process of its own, with a real Redis between them."""

from pathlib import Path

from tests.support.limited import run
from tests.support.redis import redis_server

QUOTA, CHUNK, SECONDS = 1000, 0.1, 4


def test_four_let_in_what_is_allowed_and_no_more_than_a_chunk_and_one_each_besides(
    tmp_path: Path,
) -> None:
    with redis_server(tmp_path) as port:
        settings = {
            "limits": [{"name": "requests", "quota": QUOTA}],
            "redis": {"url": f"redis://127.0.0.1:{port}", "chunk": CHUNK},
        }
        asked = run(settings, [1250] * 4, SECONDS)

    took_s = max(one.last for one in asked) - min(one.first for one in asked)
    allowed = QUOTA + QUOTA * took_s
    let_in = sum(one.let_in for one in asked)
    assert sum(one.sent for one in asked) > 0.9 * 5000 * SECONDS
    assert 0.97 * allowed <= let_in <= allowed + len(asked) * (QUOTA * CHUNK + 1)
    assert min(one.let_in for one in asked) > allowed / 8  # none goes without
