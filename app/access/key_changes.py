"""What is done with API keys: made, exchanged, taken back. Each counts within a second, everywhere.

All of it raises BrokenKeys, and OSError where a file cannot be written.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from app.access.key import id_of, new_key
from app.access.key_file import Draft, KeyRecord, changing
from app.access.pepper import ensured_pepper, hashed
from app.access.principal import Limit, Scope
from app.access.settings import AuthSettings


class NoSuchKey(Exception):
    """There is no key of this id."""


def create(
    settings: AuthSettings,
    principal: str,
    scopes: Iterable[Scope],
    *,
    expires: datetime | None = None,
    limits: Iterable[Limit] = (),
) -> str:
    """A new key of a principal, whole: nobody can tell it again. Raises ValidationError."""
    pepper = ensured_pepper(settings.pepper)
    key, record = _made(pepper, principal, scopes, expires, limits)
    with changing(settings.keys) as draft:
        draft.keys[record.id] = record
    return key


def rotate(settings: AuthSettings, id: str, overlap: timedelta) -> str:
    """A key in place of another, with all that it may, and for as long as that one was to count.
    The old one counts for ``overlap`` yet. Raises NoSuchKey."""
    pepper = ensured_pepper(settings.pepper)
    with changing(settings.keys) as draft:
        old = _found(draft, id)
        now = _now()
        expires = old.expires and now + (old.expires - old.created)
        key, record = _made(pepper, old.principal, old.scopes, expires, old.limits)
        end = min(old.expires or now + overlap, now + overlap)
        draft.keys |= {id: old.model_copy(update={"expires": end}), record.id: record}
    return key


def revoke(settings: AuthSettings, id: str) -> KeyRecord:
    """What was known of a key that counts no more. Raises NoSuchKey."""
    with changing(settings.keys) as draft:
        _found(draft, id)
        return draft.keys.pop(id)


def _made(
    pepper: bytes,
    principal: str,
    scopes: Iterable[Scope],
    expires: datetime | None,
    limits: Iterable[Limit],
) -> tuple[str, KeyRecord]:
    """A key, and what is kept of it."""
    key = new_key()
    return key, KeyRecord(
        id=id_of(key),
        principal=principal,
        hash=hashed(key, pepper),
        scopes=tuple(dict.fromkeys(scopes)),
        created=_now(),
        expires=expires,
        limits=tuple(limits),
    )


def _found(draft: Draft, id: str) -> KeyRecord:
    if (found := draft.keys.get(id)) is None:
        raise NoSuchKey(f"there is no key {id!r}")
    return found


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
