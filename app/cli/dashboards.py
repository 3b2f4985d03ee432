"""`windsock dashboards`: the dashboards in a browser, without Grafana."""

from typing import Annotated

import typer


def dashboards(
    *,
    prometheus: Annotated[
        str, typer.Option(help="where it answers", envvar="WINDSOCK_PROMETHEUS")
    ] = "http://127.0.0.1:9090",
    host: Annotated[
        str, typer.Option(help="the address to listen on; whoever reaches it sees all figures")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 3000,
) -> None:
    """Serve a page that draws the dashboards with the figures of a Prometheus."""
    from urllib.parse import urlsplit

    from app.observability.dashboards.page_server import run

    parts = urlsplit(prometheus)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise typer.BadParameter(
            f"{prometheus!r} is not of the form http://host:9090", param_hint="--prometheus"
        )
    raise typer.Exit(run(host, port, prometheus))
