"""A Serve config file as a person wrote it: what of it Serve would ignore, what would not
start, and where it will answer."""

import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
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
from app.start.dashboard import applications, fast_lane_of
from app.start.preflight import check_graph, check_port
from deployments.strict import first_problem

_DOORS: dict[str, type[BaseModel]] = {
    "http_options": HTTPOptionsSchema,
    "grpc_options": gRPCOptionsSchema,
}
_NESTED: dict[str, type[BaseModel]] = {
    "ray_actor_options": RayActorOptionsSchema,
    "autoscaling_config": AutoscalingConfig,
}


def check(path: Path, nodes: Sequence[Mapping[str, float]] = ()) -> Target:
    """Check all that can be known of a config file before Ray starts, with room for its graph on
    ``nodes`` of these resources where there are any, and say where it will answer.

    Raises ConfigError, and GraphRefused for what the graph itself would refuse to start with.
    """
    document = read(path)
    for application in document["applications"]:
        args = _args(application)
        if args:
            check_graph(args, application.get("deployments") or [], nodes)
            if args.fast_lane and not _serves(args.fast_lane.port):
                check_port(args.fast_lane)
    return target(document)


def read(path: Path) -> dict[str, Any]:
    """The document, checked as far as it says by itself. Raises ConfigError.

    Serve drops keys that it does not know, so a typing error would silently leave a default in
    force; at the top level, keys that begin with ``x-`` hold parts for YAML anchors.
    """
    try:
        document = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: {error}") from error
    if not isinstance(document, dict) or not document.get("applications"):
        raise ConfigError(f"{path} lists no applications")
    try:
        with warnings.catch_warnings():  # of options that Serve will take otherwise some day
            warnings.simplefilter("ignore", DeprecationWarning)
            ServeDeploySchema.model_validate(document)
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_problem(error)}") from error
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
    return document


def target(document: Mapping[str, Any]) -> Target:
    """Where the first application of the document will answer."""
    http, grpc = document.get("http_options") or {}, document.get("grpc_options") or {}
    host = _reachable(str(http.get("host", "0.0.0.0")))
    first = document["applications"][0]
    prefix = (first.get("route_prefix") or "/").rstrip("/")
    args = _args(first)
    fast_lane = args.fast_lane if args else None
    return Target(
        app=first.get("name", "default"),
        url=f"http://{host}:{http.get('port', 8000)}{prefix}",
        fast_lane=f"http://{_reachable(fast_lane.host)}:{fast_lane.port}" if fast_lane else None,
        grpc=f"{host}:{grpc.get('port', 9000)}" if grpc.get("grpc_servicer_functions") else None,
    )


def _serves(port: int) -> bool:
    """Whether a graph runs here whose fast lane has this port: an update replaces its replicas."""
    with httpx.Client(timeout=5.0) as client:
        running = applications(client).values()
    return any(fast_lane_of(application).get("port") == port for application in running)


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
