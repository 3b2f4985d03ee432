"""`make dashboards-json`: the files of ``deploy/``, from the catalogue."""

from argparse import ArgumentParser
from pathlib import Path

from app.observability.alerts.rules import RUNBOOKS
from app.observability.dashboards.files import write

parser = ArgumentParser(description=__doc__)
parser.add_argument("folder", type=Path, nargs="?", default=Path("deploy"))
parser.add_argument(
    "--runbooks", default=RUNBOOKS, help="where docs/operations.md is read, as a URL for pagers"
)
arguments = parser.parse_args()
write(arguments.folder, arguments.runbooks)
