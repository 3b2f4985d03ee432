"""Prometheus and Grafana, as they are started here."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from app.observability.dashboards import provisioning
from app.observability.dashboards.files import DASHBOARD_FILES, PROMETHEUS, PROVISIONING, RULES
from app.observability.dashboards.scraping import scraping
from app.observability.monitor.child import Child
from app.start.address import ConfigError, address

HOST = "127.0.0.1"
_RAYS_DASHBOARDS = Path("session_latest/metrics/grafana/dashboards")
_DEBIANS_HOME = Path("/usr/share/grafana")


def prometheus(
    folder: Path, *, port: int, retention: str, rays: Path, also: Sequence[str] = ()
) -> Child:
    """With its config in ``folder``, where the files of the dashboards are, and its data beside.
    Raises ConfigError where there is none."""
    program = shutil.which("prometheus")
    if program is None:
        raise ConfigError(
            "there is no prometheus on PATH: apt-get install prometheus, or a release from "
            "https://prometheus.io/download (2.42 or later)"
        )
    config = folder / PROMETHEUS
    rules = str((folder / RULES).absolute())
    config.write_text(yaml.safe_dump(scraping(rays, rules, also), sort_keys=False))
    url = f"http://{address(HOST, port)}"
    return Child(
        "Prometheus",
        [
            program,
            f"--config.file={config}",
            f"--storage.tsdb.path={folder.parent / 'prometheus'}",
            f"--storage.tsdb.retention.time={retention}",
            f"--web.listen-address={address(HOST, port)}",
        ],
        ready=f"{url}/-/ready",
        log=folder / "prometheus.log",
    )


def grafana(folder: Path, *, port: int, prometheus_port: int, rays: Path) -> Child | None:
    """With the dashboards of ``folder``, for everyone on this machine to look at; None where there
    is none."""
    program = shutil.which("grafana-server")
    if program is None:
        return None
    url = f"http://{address(HOST, port)}"
    environment = {
        **os.environ,
        **_settings(folder.absolute(), port),
        provisioning.PROMETHEUS: f"http://{address(HOST, prometheus_port)}",
        provisioning.FOLDER: str((folder / DASHBOARD_FILES).absolute()),
        provisioning.RAYS: str(rays / _RAYS_DASHBOARDS),
    }
    return Child(
        "Grafana",
        [program, f"--homepath={_home(Path(program))}"],
        ready=f"{url}/api/health",
        log=folder / "grafana.log",
        environment=environment,
    )


def _home(program: Path) -> Path:
    """Where its own files are: Debian's package has them apart, a release beside the program."""
    return _DEBIANS_HOME if _DEBIANS_HOME.is_dir() else program.resolve().parents[1]


def _settings(folder: Path, port: int) -> Mapping[str, str]:
    data = folder.parent / "grafana"
    return {
        "GF_PATHS_DATA": str(data),
        "GF_PATHS_LOGS": str(data / "log"),
        "GF_PATHS_PROVISIONING": str(folder / PROVISIONING),
        "GF_SERVER_HTTP_ADDR": HOST,
        "GF_SERVER_HTTP_PORT": str(port),
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
        # Ray's dashboard shows its panels in frames.
        "GF_SECURITY_ALLOW_EMBEDDING": "true",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": str(
            folder / DASHBOARD_FILES / "windsock-overview.json"
        ),
    }
