"""Which recorders and works a config asks for; what is off is not even imported."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from feast import FeatureStore
from feast.feature_logging import LoggingConfig
from feast.infra.offline_stores.file_source import FileLoggingDestination

from app.config import GraphArgs
from app.guards import guards_of
from app.observability.aside.works import works
from app.observability.served_log.recorder import ServedLog
from app.observability.served_log.services import with_rates
from app.observability.served_log.settings import ServedLogSettings
from app.observability.served_log.work import ServedLogWork
from app.observability.skew.sampler import SkewSampler
from app.observability.skew.work import SkewWork
from tests.support.warehouse import SERVICE, warehouse


def _args(folder: Path, **observability: Any) -> GraphArgs:
    return GraphArgs.model_validate(
        {
            "model": {"name": "m"},
            "feature_store": {"repo": "."},
            "observability": observability,
        },
        context=folder,
    )


def _kinds(args: GraphArgs) -> tuple[list[type], list[type]]:
    return [type(one) for one in guards_of(args).recorders], [type(one) for one in works(args)]


def _logging(folder: Path) -> FeatureStore:
    destination = FileLoggingDestination(path=str(folder / "logs"))
    return warehouse(folder, LoggingConfig(destination=destination, sample_rate=0.5))


def test_by_default_there_is_nothing(tmp_path: Path) -> None:
    warehouse(tmp_path)

    assert _kinds(with_rates(_args(tmp_path))) == ([], [])


def test_skew_is_sampled_and_compared(tmp_path: Path) -> None:
    assert _kinds(_args(tmp_path, skew={})) == ([SkewSampler], [SkewWork])


def test_a_service_with_a_logging_config_is_logged(tmp_path: Path) -> None:
    _logging(tmp_path)

    args = with_rates(_args(tmp_path))

    assert args.observability.served_log
    assert args.observability.served_log.rates == {SERVICE: 0.5}
    assert _kinds(args) == ([ServedLog], [ServedLogWork])
    # As it comes to the process aside.
    assert GraphArgs.model_validate_json(args.model_dump_json()) == args


@pytest.mark.parametrize("off", [False, "off"])
def test_it_is_not_where_the_config_says_so(tmp_path: Path, off: Any) -> None:
    _logging(tmp_path)

    assert _kinds(with_rates(_args(tmp_path, served_log=off))) == ([], [])


def test_a_rate_of_ones_own_is_the_one(tmp_path: Path) -> None:
    args = with_rates(_args(tmp_path, served_log={"rates": {SERVICE: 0.01}}))

    assert args.observability.served_log
    assert args.observability.served_log.rates == {SERVICE: 0.01}


def test_auto_is_the_default(tmp_path: Path) -> None:
    auto = _args(tmp_path, served_log="auto").observability.served_log

    assert auto == _args(tmp_path).observability.served_log
    assert isinstance(auto, ServedLogSettings)
    assert auto.journal.directory == tmp_path / ".windsock/served-log"


def test_what_is_off_is_not_imported() -> None:
    code = "import app.guards, app.observability.aside.works, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {"feast", "app.observability.skew.sampler", "app.observability.skew.work"} & {*done}
    assert not {"app.observability.served_log.recorder", "pyarrow.parquet"} & {*done}
