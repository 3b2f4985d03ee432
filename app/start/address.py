"""Where a Serve config file will answer, or why it will not."""

from dataclasses import dataclass

DASHBOARD = "http://127.0.0.1:8265"
"""Where Ray's dashboard answers, unless it was told otherwise."""


class ConfigError(Exception):
    """The file cannot be served; the message names the place."""


@dataclass(frozen=True)
class Target:
    """Where the first application of the file will answer."""

    app: str
    url: str
    fast_lane: str | None
    grpc: str | None = None
