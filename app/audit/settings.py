"""What is recorded of answers."""

from app.journal.settings import JournalSettings
from deployments.strict import StrictModel


class AuditSettings(StrictModel):
    """The audit log."""

    journal: JournalSettings = JournalSettings()
