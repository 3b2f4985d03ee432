"""A guard of outcomes that is closed."""

from pathlib import Path

from app.observability.feedback.guard import OutcomeGuard
from tests.support.feedback import observed


async def test_twice_is_once(tmp_path: Path) -> None:
    predictions, feedback = observed(tmp_path)
    guard = OutcomeGuard(feedback, predictions)
    await guard.start()
    await guard.close()
    await guard.close()
