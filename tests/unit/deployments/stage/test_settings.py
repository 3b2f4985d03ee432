import pytest
from pydantic import ValidationError

from deployments.stage.settings import StageSettings, accepted


def test_right_settings_take_the_place_of_those_in_force() -> None:
    assert accepted(StageSettings, {"version": "2"}, StageSettings(version="1")).version == "2"


def test_wrong_settings_stop_a_start() -> None:
    with pytest.raises(ValidationError, match="versions"):
        accepted(StageSettings, {"versions": "1"}, None)


def test_wrong_settings_leave_those_in_force_and_are_logged(
    log: pytest.LogCaptureFixture,
) -> None:
    in_force = StageSettings(version="1")

    assert accepted(StageSettings, {"versions": "2"}, in_force) is in_force
    assert "versions" in log.text
