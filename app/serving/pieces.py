"""Cuts JSON that cannot be read as a whole into its pieces, to find the ones at fault."""

import re
from collections.abc import Iterable

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for JSON that it cannot take."""

_STRING = rb'"(?:[^"\\]|\\.)*+"'
_FLAT = rb'[^\[\]{}"]*+(?:' + _STRING + rb'[^\[\]{}"]*+)*+'
# What holds no brackets is passed over as a whole: nearly all rows are.
_TOKEN = re.compile(
    rb"\{" + _FLAT + rb"\}|\[" + _FLAT + rb"\]|" + _STRING + rb'|[\[\]{},"]', re.DOTALL
)
_MEMBER = re.compile(rb"\s*+(" + _STRING + rb")\s*+:(.*)", re.DOTALL)
_CLOSES = {ord("["): ord("]"), ord("{"): ord("}")}
# About 30 ms of the event loop; a batch of 10,000 rows has a fifth of them.
_MOST_TOKENS = 100_000
_SHOWN = 40


def elements(text: bytes) -> list[bytes]:
    """The elements of an array, whatever is inside them. Raises ValueError where its brackets and
    quotes do not pair."""
    return _cut(text, b"[]")


def members(text: bytes) -> dict[str, bytes]:
    """The members of an object in the same way."""
    found = {}
    for piece in _cut(text, b"{}"):
        member = _MEMBER.fullmatch(piece)
        if member is None or not member[2].strip():
            raise ValueError("a member is not a name, a colon and a value")
        try:
            found[msgspec.json.decode(member[1], type=str)] = member[2]
        except UNREADABLE as error:
            raise ValueError("the name of a member cannot be read") from error
    return found


def fault(piece: bytes) -> str | None:
    """Why this is not JSON, in words for the client, or None where it is."""
    try:
        msgspec.json.decode(piece)
    except msgspec.ValidationError:
        return None  # a number that is too large, and JSON all the same
    except UnicodeDecodeError:
        return "it is not UTF-8"
    except RecursionError:
        return "it is nested too deeply"
    except msgspec.DecodeError:
        return f"{piece.strip()[:_SHOWN].decode(errors='replace')} is not JSON"
    return None


def first_fault(pieces: Iterable[bytes]) -> tuple[int, str] | None:
    """The place of the first piece that is not JSON, and why it is not."""
    faults = ((place, fault(piece)) for place, piece in enumerate(pieces))
    return next(((place, why) for place, why in faults if why), None)


def _cut(text: bytes, brackets: bytes) -> list[bytes]:
    text = text.strip()
    if len(text) < 2 or text[:1] + text[-1:] != brackets:
        raise ValueError(f"it is not in {brackets!r}")
    end = len(text) - 1
    pieces: list[bytes] = []
    start = 1
    open_brackets: list[int] = []
    for count, token in enumerate(_TOKEN.finditer(text, 1, end)):
        if count == _MOST_TOKENS:
            raise ValueError("it has too many parts")
        if token.end() - token.start() > 1:
            continue
        kind = text[token.start()]
        if kind in _CLOSES:
            open_brackets.append(_CLOSES[kind])
        elif kind == ord(","):
            if not open_brackets:
                pieces.append(text[start : token.start()])
                start = token.end()
        elif not open_brackets or open_brackets.pop() != kind:
            raise ValueError("its brackets or quotes do not pair")
    if open_brackets:
        raise ValueError("its brackets do not pair")
    pieces.append(text[start:end])
    if len(pieces) == 1 and not pieces[0].strip():
        return []
    if not all(piece.strip() for piece in pieces):
        raise ValueError("there is nothing between two commas")
    return pieces
