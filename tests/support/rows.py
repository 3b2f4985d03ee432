"""Tables as the rows that a client sends."""

from typing import Any

import pandas as pd


def as_sent(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A row per line of the table, its instants in ISO 8601."""
    written = table.copy()
    for name in written.select_dtypes("datetimetz"):
        written[name] = [at.isoformat() for at in written[name]]
    return [{str(name): value for name, value in row.items()} for row in written.to_dict("records")]
