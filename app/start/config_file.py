"""A Serve config file as a person wrote it: what of it Serve would ignore, what would not
start, and where it will answer."""

import warnings
from collections.abc import Collection, Hashable, Mapping, Sequence
from importlib import import_module
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
from app.start.dashboard import applications
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


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML's own loader keeps the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen and key.value != "<<":
                raise yaml.constructor.ConstructorError(
                    problem=f"{key.value!r} stands there twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def check(path: Path, nodes: Sequence[Mapping[str, float]] = ()) -> Target:
    """Check all that can be known of a config file before Ray starts, with room for its graph on
    ``nodes`` of these resources where there are any, and say where it will answer.

    Raises ConfigError, and GraphRefused for what the graph itself would refuse to start with.
    """
    document = read(path)
    for application in document["applications"]:
        _import(application["import_path"].replace(":", "."), "import_path")
        if args := _args(application):
            check_graph(args, application.get("deployments") or [], nodes)
    for function in (document.get("grpc_options") or {}).get("grpc_servicer_functions") or ():
        _import(function, "grpc_servicer_functions")
    _check_ports(document)
    return target(document)


def read(path: Path) -> dict[str, Any]:
    """The document, checked as far as it says by itself. Raises ConfigError.

    Serve drops keys that it does not know, so a typing error would silently leave a default in
    force; at the top level, keys that begin with ``x-`` hold parts for YAML anchors.
    """
    try:
        document = yaml.load(path.read_text(), _Loader)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ConfigError(f"{path}: {line}{error.problem}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not YAML: {error}") from error
    if not isinstance(document, dict) or not document.get("applications"):
        raise ConfigError(f"{path} lists no applications")
    try:
        with warnings.catch_warnings():  # of options that Serve will take otherwise some day
            warnings.simplefilter("ignore", DeprecationWarning)
            ServeDeploySchema.model_validate(document)
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_problem(error)}") from error
    except (ImportError, AttributeError, TypeError) as error:  # of a policy that it names
        raise ConfigError(f"{path}: {error}") from error
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
    doors = {option: f"{host}:{port}" for option, host, port in _rays_doors(document)}
    first = document["applications"][0]
    prefix = (first.get("route_prefix") or "/").rstrip("/")
    args = _args(first)
    fast_lane = args.fast_lane if args else None
    return Target(
        app=first.get("name", "default"),
        url=f"http://{doors['http_options']}{prefix}",
        fast_lane=f"http://{_reachable(fast_lane.host)}:{fast_lane.port}" if fast_lane else None,
        grpc=doors.get("grpc_options"),
    )


def _import(path: str, option: str) -> None:
    """Refuse the path of what Serve could not import."""
    module, _, name = path.rpartition(".")
    try:
        getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"{option}: {path!r} cannot be imported: {error}") from error


def _check_ports(document: Mapping[str, Any]) -> None:
    """Refuse ports that are one, and those that another program has; what answers where a graph
    runs already may be that one's."""
    doors = _rays_doors(document)
    for application in document["applications"]:
        if (args := _args(application)) and args.fast_lane:
            doors.append(("fast_lane", _reachable(args.fast_lane.host), args.fast_lane.port))
    with httpx.Client(timeout=5.0) as client:
        running = bool(applications(client))
    taken: dict[int, str] = {}
    for option, host, port in doors:
        if port in taken:
            raise ConfigError(f"{taken[port]} and {option} have the same port, {port}")
        taken[port] = option
        if not running:
            check_port(option, host, port)


def _rays_doors(document: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """Option, host and port of those of Ray's doors that are open."""
    http, grpc = document.get("http_options") or {}, document.get("grpc_options") or {}
    host = _reachable(str(http.get("host", "0.0.0.0")))
    doors = [("http_options", host, int(http.get("port", 8000)))]
    if grpc.get("grpc_servicer_functions"):
        doors.append(("grpc_options", host, int(grpc.get("port", 9000))))
    return doors


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
