"""`windsock monitor`: Prometheus and dashboards for the graph that runs here."""

from pathlib import Path
from typing import Annotated

import typer


def monitor(
    config: Annotated[
        Path, typer.Argument(help="beside which .windsock is, where data are kept")
    ] = Path("serve_config.yaml"),
    *,
    port: Annotated[int, typer.Option(min=1, max=65535, help="of Prometheus")] = 9090,
    dashboards_port: Annotated[
        int, typer.Option(min=1, max=65535, help="of Grafana, or of the page in its place")
    ] = 3000,
    retention: Annotated[
        str, typer.Option(help="how long figures are kept, as Prometheus has it")
    ] = "15d",
    also: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST:PORT",
            help="more metrics, as of `windsock replay`; again for another",
        ),
    ] = None,
) -> None:
    """Run a Prometheus that reads the graph running here, and show its dashboards.

    By Grafana where grafana-server is on PATH, else by `windsock dashboards`.
    """
    import os

    from app.observability.monitor.run import Monitor, run
    from app.start.disk import rays_folder

    if not config.is_file():
        raise typer.BadParameter(f"there is no file {config}", param_hint="CONFIG")
    raise typer.Exit(
        run(
            Monitor(
                home=config.absolute().parent / ".windsock",
                rays=rays_folder(os.environ),
                port=port,
                dashboards_port=dashboards_port,
                retention=retention,
                also=also or (),
            )
        )
    )
