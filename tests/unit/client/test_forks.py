"""A client that a process and those that it forks use at once: whole processes, since pytest's own
has threads."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.manifests import EXAMPLE

ROOT = Path(__file__).parents[3]

_COMMON = f"""
import asyncio, os, sys, threading
from windsock import AsyncWindsock, Misused, Windsock

EXAMPLE = {EXAMPLE!r}
url = sys.argv[1]

def ended(children):
    return [os.waitstatus_to_exitcode(os.waitpid(one, 0)[1]) for one in children]
"""

_SYNC = """
client = Windsock(url, connections=4)

def right(first):
    rows = [EXAMPLE | {"weight": first + n} for n in range(100)]
    return [client.predict(row).outputs["cost"] for row in rows] == [
        2 * row["weight"] for row in rows]

assert right(0)
children = []
for number in range(1, 4):
    if not (child := os.fork()):
        found = right(100 * number)
        client.close()
        sys.exit(not found)
    children.append(child)
assert right(400)
assert ended(children) == [0, 0, 0]
client.close()
"""

_BUSY = """
client = Windsock(url, connections=4)
over = threading.Event()

def ask():
    while not over.is_set():
        client.predict(EXAMPLE)

threads = [threading.Thread(target=ask) for _ in range(4)]
for one in threads:
    one.start()
client.predict(EXAMPLE)
codes = []
for number in range(20):
    if not (child := os.fork()):
        prediction = client.predict(EXAMPLE | {"weight": number})
        os._exit(prediction.outputs["cost"] != 2 * number)
    codes += ended([child])
over.set()
for one in threads:
    one.join()
assert codes == [0] * 20
client.close()
"""

_ASYNC = """
client = AsyncWindsock(url, connections=4)

async def right(first):
    rows = [EXAMPLE | {"weight": first + n} for n in range(100)]
    found = await asyncio.gather(*(client.predict(row) for row in rows))
    return [one.outputs["cost"] for one in found] == [2 * row["weight"] for row in rows]

async def parent():
    assert await right(0)
    if not (child := os.fork()):
        asyncio._set_running_loop(None)  # the one that runs here is the parent's
        os._exit(not asyncio.run(right(100)))
    assert await right(200)
    assert await asyncio.to_thread(ended, [child]) == [0]
    await client.aclose()

asyncio.run(parent())
"""

_STREAM = """
client = Windsock(url, window=8)
rows = [EXAMPLE | {"weight": weight} for weight in range(300)]
answers = client.stream(rows)
found = [next(answers) for _ in range(20)]
if not (child := os.fork()):
    try:
        next(answers)
    except Misused as error:
        assert "belongs to the process that began it" in str(error)
    assert client.predict(EXAMPLE).outputs["cost"] == 500
    assert len(list(client.stream(rows[:50]))) == 50
    del answers
    client.close()
    sys.exit(0)
assert ended([child]) == [0]
found += answers
assert sorted(row["weight"] for row, _ in found) == list(range(300))
assert all(one.outputs["cost"] == 2 * row["weight"] for row, one in found)
client.close()
"""


@pytest.mark.parametrize(
    "script", [_SYNC, _BUSY, _ASYNC, _STREAM], ids=["sync", "busy", "async", "stream"]
)
def test_a_fork_has_connections_of_its_own(edge_url: str, script: str) -> None:
    command = [sys.executable, "-W", "error", "-c", _COMMON + script, edge_url]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT
    )

    assert (done.returncode, done.stderr) == (0, "")
