"""Where a Serve config file will answer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """Where the first application of the file will answer."""

    app: str
    url: str
    fast_lane: str | None
