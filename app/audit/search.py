"""Finds what was answered: by whom, when, by what, about whom, or for which row."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from app.audit import hashes
from app.audit.entries import Entry, entries
from app.audit.settings import AuditSettings
from app.audit.subjects import SubjectKeys
from app.journal.encryption import keyring_of
from app.journal.reading import read
from app.serving.contract import Contract
from app.serving.errors import InvalidRequest
from deployments.bundle.bundle import BundleError, BundleStore
from deployments.model_id import ModelId


class NotARow(Exception):
    """What is looked for is no row that any version takes; says why."""


class NoSubjects(Exception):
    """Subjects are asked for where none are recorded, or none of that name; says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What an entry must be: None takes all."""

    request: str | None = None
    principal: str | None = None
    route: str | None = None
    model: str | None = None
    version: str | None = None
    outcome: str | None = None
    about: Callable[[Entry], bool] | None = None

    def has(self, entry: Entry) -> bool:
        """Whether it is all that is wanted."""
        model = entry.model
        return (
            self.request in (None, entry.request)
            and self.principal in (None, entry.principal)
            and self.route in (None, entry.route)
            and self.outcome in (None, entry.outcome)
            and self.model in (None, model and model.name)
            and self.version in (None, model and model.version)
            and (self.about is None or self.about(entry))
        )


def search(
    settings: AuditSettings,
    wanted: Wanted,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[Entry]:
    """The entries of this time, by time. Raises JournalUnusable or KeyringError where the journal
    is encrypted and does not open."""
    journal = settings.journal
    keyring = keyring_of(journal)
    begin = 0 if since is None else _ns(since)
    end = None if until is None else _ns(until)
    for written in read(journal.directory, begin, end, keyring):
        yield from filter(wanted.has, entries(written))


def about_subject(settings: AuditSettings, subject: str) -> Callable[[Entry], bool]:
    """Whether a row of an entry is about this one, who is written as in JSON, or as plain text.
    Raises NoSubjects, SubjectsUnavailable."""
    keys = subject_keys(settings)
    found = {
        hashes.keyed(key, cell) for cell in cells(subject) if (key := keys.find(cell)) is not None
    }
    if not found:
        raise NoSubjects("there is no key of this subject: it was never seen, or was erased")
    return lambda entry: any(row.subject in found for row in entry.rows)


def for_row(
    settings: AuditSettings, bundles: BundleStore, name: str, body: bytes
) -> Callable[[Entry], bool]:
    """Whether an entry has this row, a JSON object as `/predict` takes it, by the contract of the
    version that was asked. Raises NotARow where no version of the model of this name takes it,
    NoSubjects, SubjectsUnavailable."""
    _check_row(bundles, name, body)
    personal = settings.personal
    keys = subject_keys(settings) if personal is not None else None

    @cache
    def hashed(model: ModelId) -> str | None:
        try:
            contract = Contract(bundles.open(model).manifest)
            row = contract.decode(body)
            if personal is None or keys is None:
                return hashes.plain(row)
            key = keys.find(row[[one.name for one in contract.fields].index(personal.subject)])
            return hashes.keyed(key, row) if key is not None else None
        except (BundleError, InvalidRequest):  # no row of this version, or nobody knows any more
            return None

    def has(entry: Entry) -> bool:
        if entry.model is None or (wanted := hashed(entry.model)) is None:
            return False
        return any(row.inputs == wanted for row in entry.rows)

    return has


def _check_row(bundles: BundleStore, name: str, body: bytes) -> None:
    why = f"there is no version of {name} that it could be of"
    for version in reversed(bundles.versions(name)):
        try:
            Contract(bundles.open(ModelId(name, version)).manifest).decode(body)
        except (BundleError, InvalidRequest) as error:
            why = str(error)
        else:
            return
    raise NotARow(f"no version of {name} takes this row: {why}")


def subject_keys(settings: AuditSettings) -> SubjectKeys:
    """The keys that records were made with. Raises NoSubjects, SubjectsUnavailable."""
    if settings.personal is None:
        raise NoSubjects("the config names no subject: audit.personal.subject")
    if not settings.personal.keys.exists():
        raise NoSubjects(f"there are no keys of subjects at {settings.personal.keys}")
    return SubjectKeys(settings.personal.keys)


def cells(subject: str) -> list[Any]:
    """What a field may hold that is written like this on a command line."""
    found: list[Any] = [subject]
    with suppress(ValueError):
        found.append(json.loads(subject))
    return found


def _ns(instant: datetime) -> int:
    return int(instant.timestamp() * 1e6) * 1000
