"""Which requests have a line, what is in it, and where it goes."""

from pydantic import Field

from app.folder import FilePath
from deployments.strict import StrictModel


class RequestLogSettings(StrictModel, validate_default=True):
    """The log of requests. Rates are of each ingress replica."""

    ratio: float = Field(default=0.0, ge=0, le=1)
    """The share of requests, and of rows of streams, that have a line whatever becomes of them,
    besides those that are traced, which always have one."""
    failures: bool = True
    """Whether each one has a line that is not answered what it asked for."""
    per_s: float = Field(default=100.0, ge=0)
    """Most lines a second, of those that are sampled and of those that failed apart, so that
    neither hides the other: whoever is refused a thousand times a second must not fill the disk.
    ``ray_windsock_request_log_lines_total`` counts what is left out."""
    values: bool = False
    """Whether a line has the fields of the rows, the values of their features and messages of
    errors, which may quote them. Off, for it is a copy of what clients said."""
    directory: FilePath | None = None
    """Where each replica writes a file of its own; None: lines go into its log of Serve's."""
    file_bytes: int = Field(default=64 * 2**20, ge=4096)
    """A file that is larger is closed, and another begun."""
    keep_bytes: int = Field(default=2**30, ge=4096)
    """How much all files in the directory may hold: past it the oldest are deleted."""
