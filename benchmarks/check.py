"""Whether a contender does the work: its answers are Windsock's."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt

from app.config import GraphArgs
from app.serving.contract import Contract
from benchmarks.contender import Door, Row
from benchmarks.graph import config_of
from benchmarks.unmeasured import Unmeasured
from deployments.features.lookup import FeatureLookup, open_store
from deployments.features.settings import LookupSettings
from deployments.frames import Frame
from deployments.model.backends.load import load
from deployments.model.options import ModelOptions
from deployments.model_id import ModelId
from deployments.preprocess.stage import Preprocessing

TOLERANCE = 1e-5
OUTPUT = "late_probability"
_AT_ONCE = 16
_SPREAD = 0.01

Scores = npt.NDArray[np.float64]


class WrongAnswers(Unmeasured):
    """A contender answers something else; the message says how far off."""


def sample(rows: Sequence[Row], count: int = 200) -> list[Row]:
    """Evenly spread rows, to be asked of every contender."""
    return list(rows[:: max(1, len(rows) // count)][:count])


def expected(
    rows: Sequence[Row], config: Mapping[str, Any] | None = None, output: str = OUTPUT
) -> Scores:
    """What Windsock's own stages make of the rows, in this process; ``config`` is the shipped one
    unless another is given."""
    document = (config or config_of("collapsed"))["applications"][0]
    args = GraphArgs.model_validate(document["args"])
    settings = LookupSettings.model_validate(document["deployments"][0]["user_config"]["features"])
    bundles = args.model.bundles
    bundle = bundles.open(ModelId(args.model.name, "latest"))
    contract = Contract(bundle.manifest)
    columns = contract.columns([contract.decode(json.dumps(row).encode()) for row in rows])
    store = open_store(args.feature_store.repo, args.feature_store.yaml)

    async def prepared() -> Any:
        frame = Frame(bundle.manifest.id, len(rows), columns)
        found = await FeatureLookup(lambda: store, bundles, settings).lookup(frame)
        return await Preprocessing(bundles).transform(found)

    outputs = load(bundle, ModelOptions(device="cpu")).run(asyncio.run(prepared()))
    return np.asarray(outputs[output], dtype=np.float64)


def check(door: Door, rows: Sequence[Row], wanted: Scores) -> float:
    """The largest difference from what is expected, several requests being asked at once.

    Raises WrongAnswers where one is over the tolerance, or all are about the same.
    """
    with (
        httpx.Client(timeout=30.0, trust_env=False) as client,
        ThreadPoolExecutor(_AT_ONCE) as threads,
    ):
        try:
            found = np.array(list(threads.map(lambda row: _ask(client, door, row), rows)))
        except httpx.HTTPError as error:
            raise WrongAnswers(f"no answer from {door.url}: {error!r}") from error
    return compare(found, wanted)


def compare(found: Scores, wanted: Scores) -> float:
    """The largest difference. Raises WrongAnswers."""
    if np.ptp(wanted) < _SPREAD:
        raise WrongAnswers("the answers are all about the same, which proves nothing")
    worst = float(np.max(np.abs(found - wanted)))
    # Not `>`: a NaN must fail the comparison.
    if not worst <= TOLERANCE:
        wrong = int(np.sum(~(np.abs(found - wanted) <= TOLERANCE)))
        raise WrongAnswers(f"{wrong} of {len(wanted)} answers differ, by up to {worst:.2g}")
    return worst


def _ask(client: httpx.Client, door: Door, row: Row) -> float:
    answer = client.post(door.url, json=door.dress(row))
    if not answer.is_success:
        raise WrongAnswers(f"{answer.status_code}: {answer.text[:300]}")
    body = answer.json()
    return float((body[0] if isinstance(body, list) else body)["outputs"][OUTPUT])
