"""What a client says in ``baggage``: https://www.w3.org/TR/baggage/."""

from collections.abc import Sequence
from urllib.parse import unquote

_MOST_BYTES = 8192


def baggage_of(headers: Sequence[tuple[bytes, bytes]], names: Sequence[str]) -> dict[str, str]:
    """The entries with these names, without their properties; of several alike the last counts.
    There are none in one that is longer than anybody has to pass on."""
    given = b",".join(value for name, value in headers if name == b"baggage")
    if not names or len(given) > _MOST_BYTES:
        return {}
    found = {}
    for member in given.decode("latin-1").split(","):
        name, equals, value = member.partition(";")[0].partition("=")
        if equals and (name := name.strip()) in names:
            found[name] = unquote(value.strip())
    return found
