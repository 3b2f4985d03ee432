"""What an API key looks like: ``wsk_<id>_<secret><checksum>``.

The id says which key it is, and is no secret. The secret has 142 random bits. The checksum, CRC-32
of all before it, lets a scanner of sources and logs tell a key from what merely looks like one,
without asking anybody: docs/access.md says how.
"""

import re
import secrets
import string
from zlib import crc32

PREFIX = b"wsk_"
ID = slice(4, 14)
"""Where the id stands in a key."""
ID_PATTERN = "[0-9a-z]{10}"
PATTERN = re.compile(rf"wsk_{ID_PATTERN}_[0-9A-Za-z]{{30}}")

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SECRET, _CHECKSUM = 24, 6


def new_key() -> str:
    """One that nobody has, and nobody can guess."""
    id = _drawn(string.digits + string.ascii_lowercase, ID.stop - ID.start)
    text = f"wsk_{id}_{_drawn(_DIGITS, _SECRET)}"
    return text + checksum(text)


def id_of(key: str) -> str:
    """The id of a key."""
    return key[ID]


def checksum(text: str) -> str:
    """The six digits, of base 62, that end a key which begins with ``text``."""
    number, digits = crc32(text.encode()), ""
    for _ in range(_CHECKSUM):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits


def is_whole(key: str) -> bool:
    """Whether it is of this form, and has lost or changed no character."""
    return bool(PATTERN.fullmatch(key)) and key.endswith(checksum(key[:-_CHECKSUM]))


def _drawn(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
