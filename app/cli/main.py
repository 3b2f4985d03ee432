"""The verbs of the command `windsock`. Each imports what it works with when it runs, so that the
command itself starts at once."""

import typer

from app.cli.audit import audit
from app.cli.bundle import bundle
from app.cli.check import check
from app.cli.cost import cost
from app.cli.dashboards import dashboards
from app.cli.drift import drift
from app.cli.env import env
from app.cli.front import front
from app.cli.init import init
from app.cli.keyring import keyring
from app.cli.keys import keys
from app.cli.monitor import monitor
from app.cli.quality import quality
from app.cli.replay import replay
from app.cli.skew import skew
from app.cli.up import up

VERBS = (
    *(init, bundle, check, up, front, monitor, dashboards, replay),
    *(quality, drift, skew, cost, env),
)
GROUPS = {"keys": keys, "audit": audit, "keyring": keyring}

# Without markup, since rich's takes as long to import as all the rest.
cli = typer.Typer(
    help="A feature store and a trained model as one production endpoint on Ray Serve.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for verb in VERBS:
    cli.command()(verb)
for name, group in GROUPS.items():
    cli.add_typer(group, name=name)


def main() -> None:
    """Run the verb that was given, and exit with its status."""
    cli()
