"""The context that a request brings along, by W3C Trace Context, level 1 and what level 2 adds:
https://www.w3.org/TR/trace-context/."""

import re
from collections.abc import Sequence
from typing import NamedTuple

Headers = Sequence[tuple[bytes, bytes]]

_TRACEPARENT = re.compile(
    rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL
)
_SAMPLED = 0x01

_VENDOR_KEY = rb"[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13}"
_MEMBER = re.compile(rb"(%b)=([ -+\--<>-~]{0,255}[!-+\--<>-~])" % _VENDOR_KEY)
_MOST_MEMBERS = 32
# Four times what everybody has to pass on.
_MOST_BYTES = 2048


class Parent(NamedTuple):
    """The span that a request is for."""

    trace_id: int
    span_id: int
    sampled: bool


def parent_of(headers: Headers) -> Parent | None:
    """The parent that ``traceparent`` names; None where it is not valid, or there are several: then
    a trace begins here. Of versions to come what is known of 00 is read."""
    given = [value for name, value in headers if name == b"traceparent"]
    found = _TRACEPARENT.fullmatch(given[0].strip(b" \t")) if len(given) == 1 else None
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    parent = Parent(int(trace_id, 16), int(span_id, 16), bool(int(flags, 16) & _SAMPLED))
    if version == b"ff" or (version == b"00" and more is not None):
        return None
    return parent if parent.trace_id and parent.span_id else None


def tracestate_of(headers: Headers) -> list[tuple[str, str]]:
    """What tracing systems on the way have said in ``tracestate``, to be passed on as it is. There
    is nothing in one that is not valid or too much."""
    given = [value for name, value in headers if name == b"tracestate"]
    if sum(map(len, given)) > _MOST_BYTES:
        return []
    members: dict[str, str] = {}
    for text in b",".join(given).split(b","):
        if not (text := text.strip(b" \t")):
            continue
        member = _MEMBER.fullmatch(text)
        if member is None or (key := member[1].decode()) in members:
            return []
        members[key] = member[2].decode()
    return [*members.items()] if len(members) <= _MOST_MEMBERS else []
