"""`windsock front`: one address before the fast lanes of several nodes."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from app.doors.concurrency import CONCURRENCY
from app.start.address import DASHBOARD, address, asked_at

if TYPE_CHECKING:
    from app.doors.tls.settings import TlsSettings

_LOCAL = Path(".windsock") / "tls"
_TLS = "TLS"


def _url(text: str) -> str:
    """An address as a URL, which it may be already."""
    url = text if "://" in text else f"http://{text}"
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return url.rstrip("/")
    raise typer.BadParameter(f"{text!r} is not of the form http://host:8265, or http://[::1]:8265")


def front(
    *,
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
    metrics: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="port of 127.0.0.1 for Prometheus; 0 takes one that is free, and says which",
        ),
    ] = None,
    tls: Annotated[
        bool,
        typer.Option(
            "--tls",
            help=f"1.2 and up, with HTTP/2; without --certificate by one for this machine, which "
            f"is made in {_LOCAL}",
            rich_help_panel=_TLS,
        ),
    ] = False,
    certificate: Annotated[
        Path | None,
        typer.Option(
            help="PEM: the server's own, then its issuers; read again when it changes",
            rich_help_panel=_TLS,
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(help="PEM, where it is not in the same file", rich_help_panel=_TLS),
    ] = None,
    client_ca: Annotated[
        Path | None,
        typer.Option(
            help="PEM: authorities; clients must have a certificate of one", rich_help_panel=_TLS
        ),
    ] = None,
    client_crl: Annotated[
        Path | None,
        typer.Option(help="PEM: what these have revoked", rich_help_panel=_TLS),
    ] = None,
    redirect: Annotated[
        str | None,
        typer.Option(
            help="address and port where plain HTTP is sent on to TLS", rich_help_panel=_TLS
        ),
    ] = None,
    hsts: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="seconds for which browsers are to come by TLS alone: a year with --certificate, "
            "and with one for this machine 0, which says nothing",
            rich_help_panel=_TLS,
        ),
    ] = None,
) -> None:
    """Run an HAProxy before the fast lanes of all nodes.

    It learns from Serve where they are, and refuses in their place what is too much for them. What
    is gRPC it hands to Ray's doors for that.
    """
    from app.doors.front import run

    given = (certificate, key, client_ca, client_crl, redirect, hsts)
    if not tls and any(one is not None for one in given):
        raise typer.BadParameter("what says how TLS is to be needs --tls")
    if key is not None and certificate is None:
        raise typer.BadParameter("--key is of a --certificate")
    if client_crl is not None and client_ca is None:
        raise typer.BadParameter("--client-crl is of a --client-ca")
    settings = None
    if tls:
        from app.doors.tls.settings import TlsSettings

        ours = TlsSettings(certificate=certificate, key=key) if certificate else _local(listen)
        settings = replace(
            ours,
            client_ca=client_ca,
            client_crl=client_crl,
            redirect=redirect,
            hsts_s=ours.hsts_s if hsts is None else hsts,
        )
    raise typer.Exit(
        run(
            listen=listen,
            dashboard=dashboard,
            concurrency=concurrency,
            threads=threads,
            tls=settings,
            application=application,
            metrics=metrics,
        )
    )


def _local(listen: str) -> "TlsSettings":
    """A certificate for this machine, and how clients come to trust it."""
    from app.doors.tls.local import local

    host, _, port = listen.rpartition(":")
    settings, authority = local(_LOCAL, asked_at(host))
    url = f"https://{address('localhost', int(port))}"
    typer.echo(f"curl --cacert {authority} {url}/health/ready", err=True)
    return settings
