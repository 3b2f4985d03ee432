"""The service that a replay plays through, as its config file has it."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from app.access.local_key import local_key
from app.config import GraphArgs
from app.observability.replay.settings import ReplaySettings
from app.start.address import ConfigError
from app.start.config_file import graphs, targets
from app.start.document import is_graph, load
from deployments.features.clock import ClockConfig, ReplayClock
from deployments.strict import first_problem


@dataclass(frozen=True)
class Service:
    """Where it answers, with whose key, and what moves its clock."""

    url: str
    key: str | None
    replay: ReplaySettings
    starts: datetime
    """Where its clock stands without a replay."""
    repo: Path
    yaml: Path | None
    feedback: bool
    """Whether it takes outcomes."""


def service(config: Path, source: str | None = None) -> Service:
    """The first graph of a config file that can be replayed; ``source`` stands in for the one that
    it names. Raises ConfigError."""
    document = load(config)
    ours = [one for one in document["applications"] if is_graph(str(one.get("import_path")))]
    every = graphs(config)
    for args, application, target in zip(
        every, ours, (one for one in targets(document) if one.graph), strict=True
    ):
        if args.observability.replay is None:
            continue
        clock = _clock(config, application)
        if not isinstance(clock, ReplayClock):
            raise ConfigError(
                f"{config}: the clock of {target.app} is the wall's, which no replay moves: give "
                'it `clock: {mode: replay, start: "...", speed: 0}`'
            )
        replay = args.observability.replay
        return Service(
            url=target.fast_lane or target.url,
            key=_key(args),
            replay=replay.model_copy(update={"source": source}) if source else replay,
            starts=clock.start,
            repo=args.feature_store.repo,
            yaml=args.feature_store.yaml,
            feedback=args.observability.feedback is not None,
        )
    raise ConfigError(
        f"{config} cannot be replayed: no graph in it has `observability: {{replay: {{source: "
        "MODULE}}`, by which its clock would follow (docs/replay.md)"
    )


def _key(args: GraphArgs) -> str | None:
    if not args.auth:
        return None
    if given := os.environ.get("WINDSOCK_KEY"):
        return given
    path = local_key(args.auth)
    return path.read_text().strip() if path else None


def _clock(config: Path, application: Mapping[str, Any]) -> Any:
    """The clock of the feature stage, whichever deployment has it."""
    for found in _clocks(application.get("deployments") or []):
        try:
            return TypeAdapter(ClockConfig).validate_python(found)
        except ValidationError as error:
            raise ConfigError(f"{config}: clock: {first_problem(error)}") from error
    return None


def _clocks(deployments: list[Mapping[str, Any]]) -> Iterator[Any]:
    for deployment in deployments:
        options = deployment.get("user_config") or {}
        for features in (options, options.get("features") or {}):
            if "clock" in features:
                yield features["clock"]
