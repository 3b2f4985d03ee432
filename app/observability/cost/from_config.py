"""What a config file says of the service whose cost is asked for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.observability.cost.service import Service, scaled
from app.observability.cost.settings import CostSettings
from app.start.address import ConfigError
from app.start.config_file import graphs
from app.start.document import is_graph, load
from app.start.preflight import GraphRefused, completed
from deployments.features.settings import LookupSettings


def service_of(path: Path, application: str | None = None) -> Service:
    """Of the graph of this name, which may be left out where there is one. Raises ConfigError."""
    every = [one for one in load(path)["applications"] if is_graph(str(one.get("import_path")))]
    named = dict(zip((one.get("name", "default") for one in every), graphs(path), strict=True))
    if not named:
        raise ConfigError(f"{path} declares no graph")
    if application is None and len(named) > 1:
        raise ConfigError(f"{path} declares several graphs: name one of {', '.join(named)}")
    name = application or next(iter(named))
    if name not in named:
        raise ConfigError(f"{path} declares no graph {name!r}: there are {', '.join(named)}")
    args = named[name]
    if args.observability.cost is None:
        raise ConfigError(
            f"{path} sets no prices, and nothing counts what {name} costs: give it "
            "`observability: {cost: {cpu_hour: 0.04}}` under args"
        )
    given = next(one for one in every if one.get("name", "default") == name)
    try:
        options = completed(args, given.get("deployments") or [])
    except GraphRefused as error:
        raise ConfigError(f"{path}: {error}") from error
    return _service(name if len(named) > 1 else None, args.layout, options, args.observability.cost)


def _service(
    application: str | None, layout: str, options: list[dict[str, Any]], prices: CostSettings
) -> Service:
    lookup = _lookup(layout, {one["name"]: one.get("user_config") or {} for one in options})
    fields = LookupSettings.model_fields
    return Service(
        application=application,
        layout=layout,
        deployments=[scaled(one) for one in options],
        cache_ttl_s=lookup.get("cache_ttl_s", fields["cache_ttl_s"].default),
        cache_rows=lookup.get("cache_rows", fields["cache_rows"].default),
        currency=prices.currency,
        spot_discount=prices.spot_discount,
    )


def _lookup(layout: str, configs: Mapping[str, Any]) -> Mapping[str, Any]:
    if layout == "distributed":
        told: Mapping[str, Any] = configs.get("Features", {})
        return told
    return configs.get("Ingress", {}).get("features") or {}
