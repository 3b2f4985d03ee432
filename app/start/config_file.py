"""A Serve config file as a person wrote it: what of it Serve would ignore, what would not
start, and where it will answer."""

import os
import re
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

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

from app.access.key_file import BrokenKeys
from app.access.local_key import ensured_local_key, local_key
from app.access.settings import AuthSettings
from app.config import GraphArgs
from app.start.address import Checked, ConfigError, Target
from app.start.document import is_graph, load
from app.start.doors import check_doors, check_free_or_ours, doors, fast_lane, local, rays_doors
from app.start.environment import ray_environment
from app.start.machine import this_machine
from app.start.preflight import GraphRefused, check_graph, check_room, code_brought, completed
from app.start.shadows import check_shadows
from deployments.strict import first_problem

_ROUTE = re.compile(r"/[^{}]*[^{}/]")
_DOORS: dict[str, type[BaseModel]] = {
    "http_options": HTTPOptionsSchema,
    "grpc_options": gRPCOptionsSchema,
}
_NESTED: dict[str, type[BaseModel]] = {
    "ray_actor_options": RayActorOptionsSchema,
    "autoscaling_config": AutoscalingConfig,
}


def check(
    path: Path, nodes: Sequence[Mapping[str, float]] = (), *, local_key: bool = False
) -> Checked:
    """Check all that can be known of a config file before Ray starts, with room for its graphs on
    ``nodes`` of these resources where there are any, and say where it will answer. With
    ``local_key`` a graph that no key lets anyone into gets one of the local user's.

    Raises ConfigError, and GraphRefused for what a graph itself would refuse to start with.
    """
    check_shadows(Path.cwd())
    document = read(path)
    problems: list[str] = []
    code: list[str] = []
    every = [_args(application, path.parent) for application in document["applications"]]
    for application, args in zip(document["applications"], every, strict=True):
        _import(application["import_path"].replace(":", "."), "import_path")
        if args:
            options = completed(args, application.get("deployments") or [])
            problems += check_graph(args, options)
            code += filter(None, [code_brought(args, options)])
    for function in (document.get("grpc_options") or {}).get("grpc_servicer_functions") or ():
        _import(function, "grpc_servicer_functions")
    environment = {**ray_environment(), **os.environ}
    opened = doors(document, environment)
    check_doors(opened)
    if local(environment):  # another cluster's ports are tried where they are opened
        check_free_or_ours(opened)
    problems += _check_room(document, path.parent, nodes)
    found = [
        _with_key(target, args.auth, make=local_key) if args else target
        for target, args in zip(targets(document), every, strict=True)
    ]
    return Checked(found, problems, code)


def read(path: Path) -> dict[str, Any]:
    """The document, checked as far as it says by itself. Raises ConfigError.

    Serve drops keys that it does not know, so a typing error would silently leave a default in
    force; at the top level, keys that begin with ``x-`` hold parts for YAML anchors.
    """
    document = load(path)
    for key in document:
        if not isinstance(key, str):
            raise ConfigError(f"{path}: the key {key} must be text")
    try:
        _validate(ServeDeploySchema, document)
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_problem(error)}") from error
    except (ImportError, TypeError) as error:  # of a policy that it names
        raise ConfigError(f"{path}: a policy_function cannot be imported: {error}") from error
    except AttributeError as error:  # of a policy, too, or for a deployment that is none
        raise ConfigError(
            f"{path}: a policy_function cannot be imported, or a deployment is no mapping: {error}"
        ) from error
    known = {key for key in document if key.startswith("x-")} | set(ServeDeploySchema.model_fields)
    _refuse_unknown(document, known, "the file")
    for part, schema in _DOORS.items():
        _refuse_unknown(document.get(part) or {}, schema.model_fields, part)
    for application in document["applications"]:
        _refuse_unknown(application, ServeApplicationSchema.model_fields, "an application")
        _check_route(application)
        _args(application, path.parent)
        _check_deployments(application.get("deployments") or [])
    return document


def graphs(path: Path) -> list[GraphArgs]:
    """The args of each graph that a config file declares. Raises ConfigError."""
    applications = load(path)["applications"]
    return [args for one in applications if (args := _args(one, path.parent)) is not None]


def targets(document: Mapping[str, Any]) -> list[Target]:
    """Where each application of the document will answer."""
    rays = {door.option: door.address for door in rays_doors(document)}
    found = []
    for application in document["applications"]:
        prefix = (application.get("route_prefix") or "/").removesuffix("/")
        graph = _is_graph(application)
        lane = next((f"http://{one.address}" for one in fast_lane(application)), None)
        found.append(
            Target(
                app=application.get("name", "default"),
                url=f"http://{rays['http_options']}{prefix}",
                fast_lane=lane,
                grpc=rays.get("grpc_options") if graph else None,
                graph=graph,
            )
        )
    return found


def _with_key(target: Target, auth: AuthSettings | Literal[False], *, make: bool) -> Target:
    """How clients of this one show who they are. Raises ConfigError for keys that cannot be read,
    with which no replica would start."""
    if not auth:
        return replace(target, auth=False)
    try:
        key = ensured_local_key(auth) if make else local_key(auth)
    except (BrokenKeys, OSError) as error:
        raise ConfigError(f"auth: {error}") from error
    return replace(target, key=str(key) if key else None)


def _check_deployments(deployments: list[dict[str, Any]]) -> None:
    """What Serve's schema lets pass, and Serve or Ray would refuse later, or mix up."""
    seen: set[str] = set()
    for deployment in deployments:
        name = f"deployment {deployment.get('name')}"
        if name in seen:
            raise ConfigError(f"{name} stands there twice: Serve would make one of both")
        seen.add(name)
        _refuse_unknown(deployment, DeploymentSchema.model_fields, name)
        for part, schema in _NESTED.items():
            given = deployment.get(part) or {}
            _refuse_unknown(given, schema.model_fields, f"{name}.{part}")
            try:
                _validate(schema, given)
            except ValidationError as error:
                raise ConfigError(f"{name}.{part}: {first_problem(error)}") from error
        gpus = (deployment.get("ray_actor_options") or {}).get("num_gpus") or 0
        if gpus > 1 and gpus != int(gpus):
            raise ConfigError(
                f"{name}: num_gpus is {gpus}: above 1 it must be a whole number, since Ray shares "
                "out parts of a single GPU only"
            )


def _validate(schema: type[BaseModel], given: dict[str, Any]) -> None:
    with warnings.catch_warnings():  # of options that Serve will take otherwise some day
        warnings.simplefilter("ignore", DeprecationWarning)
        schema.model_validate(given)


def _check_route(application: dict[str, Any]) -> None:
    name, prefix = application.get("name", "default"), application.get("route_prefix", "/")
    if prefix is None and _is_graph(application):
        raise ConfigError(
            f"route_prefix of {name} is null, and Serve would give it no address: leave it out for "
            "/, or name one"
        )
    if prefix not in (None, "/") and not _ROUTE.fullmatch(prefix):
        raise ConfigError(
            f"route_prefix of {name} is {prefix!r}: it must begin with /, not end with it, and "
            "have no braces"
        )


def _is_graph(application: Mapping[str, Any]) -> bool:
    return is_graph(str(application.get("import_path")))


def _import(path: str, option: str) -> None:
    """Refuse the path of what Serve could not import."""
    module, _, name = path.rpartition(".")
    try:
        getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"{option}: {path!r} cannot be imported: {error}") from error


def _check_room(
    document: Mapping[str, Any], folder: Path, nodes: Sequence[Mapping[str, float]]
) -> list[str]:
    """Problems on these nodes. Without any on this machine, if the file is meant for it: where it
    does not even hold the graphs, that is no problem of the file."""
    options = {
        one.get("name", "default"): completed(args, one.get("deployments") or [])
        for one in document["applications"]
        if (args := _args(one, folder)) and args.check_placement
    }
    if nodes or not local(os.environ):
        return check_room(options, nodes) if nodes else []
    try:
        return [f"on this machine, {one}" for one in check_room(options, [this_machine()])]
    except GraphRefused:
        return []


def _args(application: dict[str, Any], folder: Path) -> GraphArgs | None:
    """The arguments of the graph, whose paths start in ``folder``; None for an application that is
    another's."""
    if not _is_graph(application):
        return None
    try:
        return GraphArgs.model_validate(application.get("args") or {}, context=folder.resolve())
    except ValidationError as error:
        raise ConfigError(f"args of {application.get('name')}: {first_problem(error)}") from error


def _refuse_unknown(given: dict[str, Any], known: Collection[str], where: str) -> None:
    unknown = sorted(map(str, set(given) - set(known)))
    if unknown:
        raise ConfigError(f"{unknown[0]!r} is not an option of {where}: Serve would ignore it")
