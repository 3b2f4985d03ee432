"""`windsock front`: one address before the fast lanes of several nodes."""

from contextlib import suppress
from typing import Annotated
from urllib.parse import urlsplit

import typer

from app.doors.concurrency import CONCURRENCY
from app.start.address import DASHBOARD


def _url(text: str) -> str:
    """An address as a URL, which it may be already."""
    url = text if "://" in text else f"http://{text}"
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return url.rstrip("/")
    raise typer.BadParameter(f"{text!r} is not of the form http://host:8265, or http://[::1]:8265")


def front(
    listen: Annotated[str, typer.Option(help="address and port")] = "127.0.0.1:8080",
    dashboard: Annotated[
        str, typer.Option(help="of the Ray cluster", parser=_url, envvar="RAY_DASHBOARD_ADDRESS")
    ] = DASHBOARD,
    concurrency: Annotated[
        int, typer.Option(min=1, help="requests under way at a replica, past which others get 429")
    ] = CONCURRENCY,
    threads: Annotated[
        int,
        typer.Option(min=1, help="of HAProxy: one carries some ten thousand requests a second"),
    ] = 1,
    application: Annotated[
        str | None, typer.Option(help="in Serve's config; where there are several graphs")
    ] = None,
) -> None:
    """Run an HAProxy before the fast lanes of all nodes.

    It learns from Serve where they are, and refuses in their place what is too much for them.
    """
    from app.doors.front import run

    raise typer.Exit(run(listen, dashboard, concurrency, threads, application))
