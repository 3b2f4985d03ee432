from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.audit.log import AuditLog
from app.audit.settings import AuditSettings
from tests.support.audited import audit_settings, recording


@pytest.fixture
def settings(tmp_path: Path) -> AuditSettings:
    made: AuditSettings = audit_settings(tmp_path)
    return made


@pytest.fixture
async def log(settings: AuditSettings) -> AsyncIterator[AuditLog]:
    async with recording(settings) as log:
        yield log
