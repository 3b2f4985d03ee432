"""Feast's quickstart from the wheels alone, in a folder that holds only the user's files."""

import os
import shutil
import subprocess
from pathlib import Path

import httpx
import numpy as np
import yaml

from tests.support.quickstart import NAME, Of, export, quickstart
from tests.support.serve import FAST, free_port, started
from tests.support.wait import wait_until
from tests.support.wheels import installed


def test_the_quickstart_is_served_by_the_wheels_in_a_folder_of_its_own(tmp_path: Path) -> None:
    bin_folder = installed(tmp_path)
    home = tmp_path / "home"
    shutil.copytree(quickstart(tmp_path), home / "feature_repo")
    export(Of(lambda numbers: numbers.sum(1)), home / "model.pt2", 3)
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def windsock(*arguments: str) -> str:
        done = subprocess.run(
            [bin_folder / "windsock", *arguments],
            cwd=home,
            env={**outside, **FAST},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    windsock(
        *("init", "--name", NAME, "--feature-repo", "feature_repo", "--program", "model.pt2"),
        *("--feature-service", "driver_activity_v1", "--output", "total"),
    )
    config = home / "serve_config.yaml"
    text = config.read_text()
    for port in ("8000", "8001", "9000"):
        text = text.replace(port, str(free_port()))
    config.write_text(text)
    assert yaml.safe_load(text)["applications"][0]["args"]["feature_store"] == {
        "repo": "feature_repo"
    }
    windsock("bundle")
    assert "is sound" in windsock("check")

    up = [str(bin_folder / "windsock"), "up", str(config)]
    with started(up, config, {**FAST, "PYTHONPATH": ""}, cwd=tmp_path) as server:
        wait_until(lambda: "Ctrl-C stops" in server.output(), f"{server.url} up", timeout_s=120)
        headers = {"authorization": f"Bearer {(home / '.windsock' / 'key').read_text().strip()}"}
        answers = [
            httpx.post(
                f"{url}/predict?values=true",
                json={"driver_id": 1001, "val_to_add": 1, "val_to_add_2": 2},
                headers=headers,
                timeout=30,
            ).json()
            for url in (server.url, server.fast_lane)
        ]
    for answer in answers:
        assert answer["features"]["status"] == "fresh"
        rate = answer["features"]["values"]["driver_hourly_stats__conv_rate"]
        np.testing.assert_allclose(answer["outputs"]["total"], 3 * rate + 3, rtol=1e-5)
