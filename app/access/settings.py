"""How clients show who they are."""

from pathlib import Path

from app.folder import FilePath
from deployments.strict import StrictModel


class AuthSettings(StrictModel, validate_default=True):
    """API keys, by a file that every ingress replica follows."""

    keys: FilePath = Path(".windsock/keys.json")
    """Written by `windsock keys`; a change takes effect within a second. No secret is in it, only
    keyed hashes of secrets."""
