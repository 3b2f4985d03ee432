"""How clients show who they are."""

from pathlib import Path
from typing import Any

from app.folder import FilePath
from app.secrets import Secret
from deployments.strict import StrictModel

# As a file would say it: where its path starts is known where it is validated.
_PEPPER: Any = {"file": ".windsock/pepper"}


class AuthSettings(StrictModel, validate_default=True):
    """API keys, by a file that every ingress replica follows."""

    keys: FilePath = Path(".windsock/keys.json")
    """Written by `windsock keys`; a change takes effect within a second. No secret is in it, only
    keyed hashes of secrets."""
    pepper: Secret = _PEPPER
    """What the hashes are keyed with: app/access/pepper.py says why. The first `windsock keys
    create` makes it, where it is a file that is not there yet."""
