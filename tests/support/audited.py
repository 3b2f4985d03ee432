"""An application whose answers are recorded, in a folder of a test's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from app.audit.entries import Entry
from app.audit.log import AuditLog
from app.audit.search import Wanted, search
from app.audit.settings import AuditSettings, PersonalSettings
from tests.support.journals import journal_settings


def audit_settings(folder: Path, personal: dict[str, Any] | None = None, **journal: Any) -> Any:
    """With a journal in this folder, and the keys of subjects beside it."""
    about = personal and PersonalSettings(keys=folder / "subjects.db", **personal)
    return AuditSettings(journal=journal_settings(folder, **journal), personal=about)


@asynccontextmanager
async def recording(settings: AuditSettings, *, anonymous: bool = True) -> AsyncIterator[AuditLog]:
    """An audit log for the length of a block."""
    log = AuditLog(settings, anonymous=anonymous)
    await log.start()
    try:
        yield log
    finally:
        await log.close()


def recorded(settings: AuditSettings, **wanted: Any) -> list[Entry]:
    """What was recorded, by time."""
    return [*search(settings, Wanted(**wanted))]
