import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from app.observability.cost.recording import Recording
from tests.support.costed import Day
from tests.support.serve import free_port
from tests.unit.app.cli.conftest import Windsock

DAY = Day()


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cost") / "day.json"
    DAY.recording().save(path)
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    args = {"model": {"name": "parcels"}, "observability": {"cost": {}}}
    document = {"applications": [{"import_path": "app.graph:build", "args": args}]}
    path = tmp_path / "serve_config.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


BILL = """\
2026-11-30 01:00 to 2026-12-01 01:00 UTC, in steps of 60 s
1.78 EUR: 0.0740 an hour, 0.0000934 per 1,000 predictions (19,008,000 of them)

What it went to
 deployment  replica hours   CPU   GPU  memory   EUR    share
 Ingress              39.5  1.58  0.00   0.197  1.78  100.0 %

For which version
 model    version  predictions   EUR  per 1,000
 parcels        1   19,008,000  1.78  0.0000934

What of it was idle
                                           hours    EUR   share
 CPU reserved and not used (49.5 % of it)      -  0.781  44.0 %
 below 10.0 % of reserved CPU               0.00   0.00   0.0 %
 nothing was asked                          0.00   0.00   0.0 %
"""


def text(output: str) -> str:
    return "\n".join(line.rstrip() for line in output.strip().splitlines()) + "\n"


def test_it_tells_what_a_recorded_day_cost(windsock: Windsock, recording: Path) -> None:
    found = windsock("cost", "--recording", recording, "--bill")

    assert found.exit_code == 0, found.output
    assert text(found.stdout) == BILL


def test_it_tells_what_it_would_have_cost_otherwise(windsock: Windsock, recording: Path) -> None:
    found = windsock(
        "cost",
        "--recording",
        recording,
        "--what-if",
        "min_replicas=2",
        "--what-if",
        "cache_ttl_s=900",
        "--what-if",
        "spot=0.5",
    )

    assert found.exit_code == 0, found.output
    shown = text(found.stdout)
    assert shown.startswith(BILL)
    assert " Ingress       " in shown.partition("How well the model tells")[2]
    assert " min_replicas=2        2.16  +21.7 %  Ingress 2.00 (2), 42 %" in shown
    assert " cache_ttl_s=900  no number" in shown
    assert "cache_ttl_s=900: no number: origin: cache_ttl_s=900 is beyond" in shown
    assert "spot=0.5: " in shown
    assert "\nAssumptions\n 1. CPU of a deployment" in shown


def test_unless_something_is_asked_it_tells_one_of_each_kind(
    windsock: Windsock, recording: Path
) -> None:
    found = windsock("cost", "--recording", recording, "--json")

    told = json.loads(found.stdout)
    assert [one["scenario"] for one in told["what_if"]] == [
        "max_replicas=1",
        "layout=distributed",
        "cache_ttl_s=10",
        "spot=0.5",
    ]
    assert told["model"]["usable"] is True
    assert told["model"]["deployments"]["Ingress"]["cpu"]["quality"]["r2"] > 0.99
    assert told["bill"]["cost"] == pytest.approx(DAY.replicas.sum() / 60 * 0.045)
    assert all(one["assumptions"] for one in told["what_if"])
    assert told["what_if"][2]["cache"]["hits"] > told["what_if"][2]["cache"]["hits_before"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--what-if", "replicas=3"], "nothing is known of 'replicas'"),
        (["--what-if", "Features.max_replicas=3"], "there is no deployment 'Features'"),
        (["--what-if", "min_replicas=5"], "min_replicas of Ingress would be 5"),
        (["--bill", "--what-if", "spot=1"], "--bill asks for no --what-if"),
        (["--day", "2026-11-30"], "a --recording has its own span"),
        (["--idle-below", "101"], "less than or equal to 100"),
    ],
)
def test_what_cannot_be_asked_is_a_mistake_of_the_command(
    windsock: Windsock, recording: Path, arguments: list[str], why: str
) -> None:
    found = windsock("cost", "--recording", recording, *arguments)

    assert found.exit_code == 2
    assert why in " ".join(found.stderr.replace("\n", " ").split())


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--day", "2026-11-30", "--from", "2026-11-30"], "--day stands alone"),
        (["--from", "2026-11-30", "--to", "2026-11-29"], "there is no step of 60 s"),
        (["--day", "2999-01-01"], "there is no step of 60 s"),
        (["--from", "2020-01-01", "--step", "1"], "are too many"),
        (["--day", "yesterday"], "yesterday"),
        (["--step", "0"], "greater than or equal to 1"),
    ],
)
def test_a_span_that_is_none_is_one_too(
    windsock: Windsock, config: Path, arguments: list[str], why: str
) -> None:
    found = windsock("cost", config, *arguments)

    assert found.exit_code == 2
    assert why in " ".join(found.stderr.split())


def test_a_prometheus_that_is_not_there_is_told(windsock: Windsock, config: Path) -> None:
    found = windsock("cost", config, "--prometheus", f"http://127.0.0.1:{free_port()}")

    assert found.exit_code == 1
    assert "windsock cost: no Prometheus answers at http://127.0.0.1" in found.stderr


def test_a_config_without_prices_is_told(windsock: Windsock, config: Path) -> None:
    config.write_text(config.read_text().replace("cost: {}", "cost: null"))

    found = windsock("cost", config)

    assert found.exit_code == 1
    assert "sets no prices" in found.stderr


def test_a_recording_without_costs_is_told(windsock: Windsock, tmp_path: Path) -> None:
    series = DAY.series(np.ones(DAY.steps)) | {"cost": []}
    Recording(DAY.service, DAY.span, series).save(tmp_path / "day.json")

    found = windsock("cost", "--recording", tmp_path / "day.json")

    assert found.exit_code == 1
    assert "there is no cost in what was recorded" in found.stderr


def test_nothing_is_written_over(windsock: Windsock, config: Path, recording: Path) -> None:
    found = windsock("cost", config, "--record", recording)

    assert found.exit_code == 1
    assert "is there already" in found.stderr
