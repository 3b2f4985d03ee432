"""How the graphs of a config file have their clients show who they are."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.access.settings import AuthSettings
from app.start.address import ConfigError
from app.start.document import is_graph, load
from deployments.strict import first_problem


def auth_of(config: Path, application: str | None = None) -> AuthSettings:
    """What the graph of a file says, or the one that is named where several say different things.
    Raises ConfigError, also where it lets everyone in."""
    graphs = {
        str(one.get("name", "default")): _args(one)
        for one in load(config)["applications"]
        if isinstance(one, dict) and is_graph(str(one.get("import_path")))
    }
    if application is not None and application not in graphs:
        raise ConfigError(f"{config} has no graph {application!r}: it has {', '.join(graphs)}")
    given = [graphs[application]] if application else list(graphs.values())
    auths = [one.get("auth", {}) for one in given]
    if not auths:
        raise ConfigError(f"{config} has no graph")
    if any(one != auths[0] for one in auths):
        raise ConfigError(f"name one by --application, whose keys differ: {', '.join(graphs)}")
    if auths[0] is False:
        raise ConfigError(f"{config} says auth: off, so no key is asked for")
    try:
        return AuthSettings.model_validate(auths[0], context=config.resolve().parent)
    except ValidationError as error:
        raise ConfigError(f"{config}: auth: {first_problem(error)}") from error


def _args(application: dict[str, Any]) -> dict[str, Any]:
    args = application.get("args")
    return args if isinstance(args, dict) else {}
