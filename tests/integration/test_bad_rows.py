"""Rows that a stage fails for, where each stage is a deployment of its own."""

from pathlib import Path

import httpx
import yaml

from benchmarks.config import UNGUARDED
from examples.store_orders.build import HERE
from tests.support.cluster import Clusters
from tests.support.shop import (
    HUGE,
    NAME,
    PRICE,
    UNANSWERED,
    UNPREPARED,
    UNVALUED,
    row,
    shop,
)


def test_over_hops_too_a_bad_row_spoils_no_other(clusters: Clusters, tmp_path: Path) -> None:
    built = shop(tmp_path)
    document = yaml.safe_load((HERE / "serve_config.yaml").read_text())
    document["applications"][0]["args"] |= {
        "model": {"name": NAME, "directory": str(tmp_path / "models")},
        "feature_store": {"repo": str(built.repo)},
        **UNGUARDED,
    }
    rows = [row(2), UNVALUED, UNANSWERED, UNPREPARED, row(3, HUGE), row(4)]

    with clusters("haproxy").serving(document, tmp_path) as server:
        url = f"{server.url}/predict/batch"
        answer = httpx.post(url, json={"instances": rows}, timeout=60).raise_for_status()

    told = answer.json()["predictions"]
    assert [one["error"]["code"] for one in told[1:4]] == ["row_failed"] * 3
    for place, quantity in {0: 2, 4: 3, 5: 4}.items():
        assert told[place]["outputs"] == {"total": PRICE * quantity}
