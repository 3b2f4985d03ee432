"""What a field may hold, in words for the client."""

from datetime import UTC, datetime

from app.serving.domain import Domain
from deployments.bundle.manifest import FieldSpec
from deployments.dtypes import DEEPEST

_NESTED = f"nested up to {DEEPEST} deep"
_ONE = {
    "string": "a string of up to {} characters",
    "int64": "an integer",
    "float64": "a number",
    "bool": "true or false",
    "timestamp": "an RFC 3339 instant with a UTC offset",
    "zoned_timestamp": "an RFC 3339 instant with its UTC offset and [time zone]",
    "bytes": "base64 of up to {} bytes",
    "uuid": "a UUID",
    "decimal": "a decimal of up to 38 digits",
    "json": f"JSON, {_NESTED}",
    "map": f"an object, {_NESTED}",
    "scalar_map": f"an object, {_NESTED}",
    "array": "a list of {} ",
    "set": "a list of {} different ",
    "struct": "an object with ",
}
_MANY = {
    "string": "strings of up to {} characters",
    "int64": "integers",
    "float64": "numbers",
    "float32": "numbers",
    "bool": "true or false",
    "timestamp": "RFC 3339 instants with UTC offsets",
    "zoned_timestamp": "RFC 3339 instants with their UTC offsets and [time zones]",
    "bytes": "base64 texts of up to {} bytes",
    "uuid": "UUIDs",
    "decimal": "decimals of up to 38 digits",
    "json": f"JSON, {_NESTED}",
    "map": f"objects, {_NESTED}",
    "scalar_map": f"objects, {_NESTED}",
    "array": "lists of {} ",
    "set": "lists of {} different ",
    "struct": "objects with ",
}


def allowed(field: FieldSpec) -> str:
    """What a field may hold."""
    words = _words(Domain.of(field), _ONE)
    return f"{words}, or null" if field.optional else words


def _words(domain: Domain, forms: dict[str, str]) -> str:
    kind = domain.kind
    words = forms[kind.kind]
    if kind.item is not None:
        size = f"up to {domain.max_length}" if kind.length is None else str(kind.length)
        return words.format(size) + _words(domain.item, _MANY)
    if kind.fields:
        members = (f"{name}: {_words(one, _ONE)}" for name, one in domain.members.items())
        return words + "; ".join(members)
    return words.format(domain.max_length) + _range(domain)


def _range(domain: Domain) -> str:
    minimum, maximum = _bound(domain, domain.minimum), _bound(domain, domain.maximum)
    match minimum, maximum:
        case str(), str():
            return f" from {minimum} to {maximum}"
        case str(), None:
            return f", at least {minimum}"
        case None, str():
            return f", at most {maximum}"
        case _:
            return ""


def _bound(domain: Domain, bound: float | None) -> str | None:
    if bound is None:
        return None
    if domain.kind.kind in ("timestamp", "zoned_timestamp"):
        return datetime.fromtimestamp(bound, UTC).isoformat().replace("+00:00", "Z")
    return repr(bound).removesuffix(".0")
