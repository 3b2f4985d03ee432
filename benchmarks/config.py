"""The shipped config in one layout and on other ports: what benchmarks and tests serve."""

from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from benchmarks.paths import CONFIG

LayoutName = Literal["distributed", "collapsed"]
LAYOUTS: tuple[LayoutName, ...] = get_args(LayoutName)
UNGUARDED: dict[str, Any] = {"auth": False, "quota": None, "audit": None, "observability": {}}
"""Args of a graph that asks nobody who they are, counts and records nothing."""


def shipped(
    layout: str,
    *,
    http: int,
    fast_lane: int,
    grpc: int,
    source: Path = CONFIG,
    guarded: bool = False,
) -> dict[str, Any]:
    """The config, as Serve reads it, with its one line set to ``layout`` and its doors on these
    ports; a door that is shut in ``source`` stays so. It asks nobody who they are, counts and
    records nothing, unless it is to be ``guarded`` as the file says. Raises KeyError for another
    layout."""
    parts = yaml.safe_load(source.read_text())
    document = {name: part for name, part in parts.items() if not name.startswith("x-")}
    application = document["applications"][0]
    application.update(parts[f"x-{layout}"])
    if not guarded:
        application["args"] |= UNGUARDED
    for part, path in (("model", "directory"), ("feature_store", "repo")):
        # It will be written elsewhere, and relative paths start in the file's folder.
        if given := application["args"].get(part):
            given[path] = str(source.parent / given[path])
    doors = (
        (document.get("http_options"), http),
        (application["args"].get("fast_lane"), fast_lane),
        (document.get("grpc_options"), grpc),
    )
    for settings, port in doors:
        if settings:
            settings["port"] = port
    return document


def set_all(document: Any, key: str, value: Any) -> None:
    """Give ``key`` this value wherever it stands in the config."""
    if isinstance(document, list):
        for part in document:
            set_all(part, key, value)
    elif isinstance(document, dict):
        for name, part in document.items():
            if name == key:
                document[name] = value
            else:
                set_all(part, key, value)
