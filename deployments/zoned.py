"""Instants with a time zone as text: RFC 9557, ``2024-03-01T12:00:00+01:00[Europe/Berlin]``.

Without brackets the zone is the offset itself.
"""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_PARTS = re.compile(r"(?P<instant>[^\[]+)(?:\[!?(?P<zone>[A-Za-z][\w+/-]*)\])?", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
# RFC 9557: an offset that is not known, so that the zone alone says what the clocks showed.
_UNKNOWN_OFFSET = ("Z", "z", "-00:00")


def parsed(text: str) -> datetime:
    """The instant that the text names, in its zone. Raises ValueError."""
    parts = _PARTS.fullmatch(text)
    if parts is None or not _INSTANT.fullmatch(parts["instant"]):
        raise ValueError(f"{text[:100]!r} is no instant with its offset and [zone]")
    at = datetime.fromisoformat(parts["instant"].upper())
    if parts["zone"] is None:
        return at
    try:
        local = at.astimezone(ZoneInfo(parts["zone"]))
    except (LookupError, ValueError, OSError, OverflowError) as error:
        raise ValueError(f"there is no time zone {parts['zone'][:100]!r}") from error
    if local.utcoffset() != at.utcoffset() and not parts["instant"].endswith(_UNKNOWN_OFFSET):
        raise ValueError(f"its offset is not that of {parts['zone']} at that time")
    return local


def written(at: datetime) -> str:
    """The text of an instant: with the name of its zone, where that has one."""
    zone = getattr(at.tzinfo, "key", None)
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return f"{at.isoformat()}[{zone}]" if zone else at.isoformat()
