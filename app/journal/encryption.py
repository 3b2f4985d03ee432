"""The keyring of a journal that is encrypted."""

from app.journal.errors import JournalUnusable
from app.journal.settings import JournalSettings
from app.secrets import NoSecret
from deployments.keyring import Keyring, KeyringError


def keyring_of(settings: JournalSettings) -> Keyring | None:
    """The one that the settings name, for writing and for reading. Raises JournalUnusable."""
    if settings.keyring is None:
        return None
    try:
        return Keyring.parse(settings.keyring.read())
    except (NoSecret, KeyringError) as error:
        raise JournalUnusable(f"the journal's keyring: {error}") from None
