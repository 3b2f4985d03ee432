"""Settings of a journal: its paths start in the folder of the config file, the defaults, too."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.audit.settings import AuditSettings
from app.journal.settings import JournalSettings


@pytest.mark.parametrize("document", [{}, {"journal": {}}, {"journal": {"seals": {}}}])
def test_defaults_start_in_the_folder_of_the_config(document: dict[str, object]) -> None:
    folder = Path("/srv/service")

    journal = AuditSettings.model_validate(document, context=folder).journal

    assert journal.directory == folder / ".windsock/audit"
    assert journal.seals.directory == folder / ".windsock/seals"
    assert journal.seals.key.file == folder / ".windsock/seals.key"


def test_without_a_config_they_start_where_it_runs() -> None:
    assert JournalSettings().seals.key.file == Path.cwd() / ".windsock/seals.key"


@pytest.mark.parametrize(
    "wrong",
    [
        {"durability": "hope"},
        {"unwritable": "ignore"},
        {"segment_bytes": 1},
        {"keep_days": 0},
        {"seals": {"every_s": 0}},
        {"seals": {"key": {}}},
        {"keyring": "secret"},
        {"mistyped": 1},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        JournalSettings.model_validate(wrong)
