"""Replicas that count together, each in a process of its own, with a real Redis between them."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.limited import Asked
from tests.support.redis import redis_server

QUOTA, CHUNK, SECONDS = 1000, 0.1, 4


def run(port: int, rates: Sequence[float]) -> list[Asked]:
    """Of replicas that are asked so many times a second each, for a while from one moment on."""
    settings = {
        "limits": [{"name": "requests", "quota": QUOTA}],
        "redis": {"url": f"redis://127.0.0.1:{port}", "chunk": CHUNK},
    }
    command = [sys.executable, "-m", "tests.support.limited", json.dumps(settings)]
    replicas = [
        subprocess.Popen(
            [*command, str(rate), str(SECONDS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for rate in rates
    ]
    for replica in replicas:
        assert replica.stdout is not None
        assert replica.stdout.readline() == "ready\n"
    for replica in replicas:
        assert replica.stdin is not None
        replica.stdin.write("\n")
        replica.stdin.flush()
    return [Asked(**json.loads(replica.communicate(timeout=60)[0])) for replica in replicas]


def test_four_let_in_what_is_allowed_and_no_more_than_a_chunk_and_one_each_besides(
    tmp_path: Path,
) -> None:
    with redis_server(tmp_path) as port:
        asked = run(port, [1250] * 4)

    took_s = max(one.last for one in asked) - min(one.first for one in asked)
    allowed = QUOTA + QUOTA * took_s
    let_in = sum(one.let_in for one in asked)
    assert sum(one.sent for one in asked) > 0.9 * 5000 * SECONDS
    assert 0.97 * allowed <= let_in <= allowed + len(asked) * (QUOTA * CHUNK + 1)
    assert min(one.let_in for one in asked) > allowed / 8  # none goes without
