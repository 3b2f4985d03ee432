"""A Serve config file as a person wrote it: where it will answer, and what Serve would ignore.

python -m app.start.config_file FILE    prints the one as JSON, or complains of the other
"""

import json
import sys
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from ray.serve.config import AutoscalingConfig
from ray.serve.schema import (
    DeploymentSchema,
    HTTPOptionsSchema,
    RayActorOptionsSchema,
    ServeApplicationSchema,
    ServeDeploySchema,
    gRPCOptionsSchema,
)

from app.config import GraphArgs
from app.start.address import ConfigError, Target
from deployments.strict import first_problem

_DOORS: dict[str, type[BaseModel]] = {
    "http_options": HTTPOptionsSchema,
    "grpc_options": gRPCOptionsSchema,
}
_NESTED: dict[str, type[BaseModel]] = {
    "ray_actor_options": RayActorOptionsSchema,
    "autoscaling_config": AutoscalingConfig,
}


def read(path: Path) -> Target:
    """Check the file and say where it will answer. Raises ConfigError.

    Serve drops keys that it does not know, so a typing error would silently leave a default in
    force; at the top level, keys that begin with ``x-`` hold parts for YAML anchors.
    """
    try:
        document = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: {error}") from error
    if not isinstance(document, dict) or not document.get("applications"):
        raise ConfigError(f"{path} lists no applications")
    known = {key for key in document if key.startswith("x-")} | set(ServeDeploySchema.model_fields)
    _refuse_unknown(document, known, "the file")
    for part, schema in _DOORS.items():
        _refuse_unknown(document.get(part) or {}, schema.model_fields, part)
    for application in document["applications"]:
        _refuse_unknown(application, ServeApplicationSchema.model_fields, "an application")
        _args(application)
        for deployment in application.get("deployments") or []:
            name = f"deployment {deployment.get('name')}"
            _refuse_unknown(deployment, DeploymentSchema.model_fields, name)
            for part, schema in _NESTED.items():
                _refuse_unknown(deployment.get(part) or {}, schema.model_fields, f"{name}.{part}")
    http, grpc = document.get("http_options") or {}, document.get("grpc_options") or {}
    host = str(http.get("host", "0.0.0.0"))
    first = document["applications"][0]
    prefix = (first.get("route_prefix") or "/").rstrip("/")
    args = _args(first)
    return Target(
        first.get("name", "default"),
        f"http://{_reachable(host)}:{http.get('port', 8000)}{prefix}",
        f"http://{_reachable(args.fast_lane.host)}:{args.fast_lane.port}"
        if args and args.fast_lane
        else None,
        f"{_reachable(host)}:{grpc.get('port', 9000)}"
        if grpc.get("grpc_servicer_functions")
        else None,
    )


def _reachable(host: str) -> str:
    return host.replace("0.0.0.0", "127.0.0.1")


def _args(application: dict[str, Any]) -> GraphArgs | None:
    """The arguments of the graph; None for an application that is another's."""
    if application.get("import_path") != "app.graph:build":
        return None
    try:
        return GraphArgs.model_validate(application.get("args") or {})
    except ValidationError as error:
        raise ConfigError(f"args of {application.get('name')}: {first_problem(error)}") from error


def _refuse_unknown(given: dict[str, Any], known: Collection[str], where: str) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ConfigError(f"{unknown[0]!r} is not an option of {where}: Serve would ignore it")


def main(path: str) -> int:
    """For a process that does not want Ray in its memory: 1 where the answer is a complaint."""
    try:
        print(json.dumps(asdict(read(Path(path)))))
    except ConfigError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
