"""`make audit-deps`: weaknesses that are known of the locked set, by pip-audit from OSV
(https://osv.dev), which is told names and versions."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from supply.locked import CONSTRAINTS

SOUND, WEAK, UNKNOWN = 0, 1, 2
"""Exit statuses. pip-audit's own is 1 for a weakness and for no data alike."""

_OPTIONS = (
    *("--no-deps", "--disable-pip", "--strict", "--progress-spinner", "off"),
    *("--vulnerability-service", "osv", "--format", "json"),
)

_NO_ANSWER = """
****************************************************************************
NOTHING WAS AUDITED: the data of known weaknesses could not be had.
{reason}
This is no word on whether the dependencies are sound. Ask where {where} can
be reached, or name a mirror: make audit-deps OSV=https://...
****************************************************************************
"""


def told(report: dict[str, Any]) -> list[str]:
    """A line for each weakness in pip-audit's report."""
    return [
        f"{one['name']} {one['version']}: {weakness['id']}, mended in "
        f"{', '.join(weakness['fix_versions']) or 'no version yet'}"
        for one in report["dependencies"]
        for weakness in one.get("vulns", ())
    ]


def main(arguments: Sequence[str]) -> int:
    """``[--osv URL] [FILE]``: audit the requirements of this file; gives the exit status."""
    given = list(arguments)
    where = "https://api.osv.dev/v1/query"
    if given[:1] == ["--osv"]:
        where = given[1]
        del given[:2]
    requirements = given[0] if given else str(CONSTRAINTS)
    tool = Path(sys.executable).with_name("pip-audit")
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        run = subprocess.run(
            [
                tool,
                *_OPTIONS,
                "--osv-url",
                where,
                "--requirement",
                requirements,
                "--output",
                report,
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        found = json.loads(report.read_text()) if report.exists() else None
    if found is None:
        reason = (run.stderr.strip() or f"pip-audit ended with {run.returncode}").splitlines()[-1]
        print(_NO_ANSWER.format(reason=reason, where=where), file=sys.stderr)
        return UNKNOWN
    if lines := told(found):
        print("\n".join(["Known weaknesses:", *lines]), file=sys.stderr)
        return WEAK
    print(f"{len(found['dependencies'])} dependencies, of which no weakness is known")
    return SOUND


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
