"""The API keys that are in force, as requests are held against them."""

from collections.abc import Iterable
from hmac import HMAC, compare_digest
from time import time

from app.access.key import ID
from app.access.key_file import KeyRecord
from app.access.principal import Principal
from app.serving.errors import Unauthenticated

INVALID = 'Bearer error="invalid_token"'
"""The challenge behind a credential that does not count (RFC 6750, section 3.1)."""


class _Held:
    __slots__ = ("hash", "principal", "until")

    def __init__(self, record: KeyRecord) -> None:
        self.hash = bytes.fromhex(record.hash)
        self.principal = record.who
        self.until = self.principal.until


class Keys:
    """Tells whose a key is. No secret is kept here, not even of keys that were seen."""

    def __init__(self, pepper: bytes = b"", records: Iterable[KeyRecord] = ()) -> None:
        self.put(pepper, records)

    def put(self, pepper: bytes, records: Iterable[KeyRecord]) -> None:
        """Have these in force from now on, and no others."""
        # Its copies go on behind what depends on the pepper alone, which is half of the work.
        self._mac = HMAC(pepper, digestmod="sha256").copy
        self._held = {one.id.encode(): _Held(one) for one in records}

    @property
    def none_counts(self) -> bool:
        """Whether nobody can be let in by a key."""
        now = time()
        return not any(now < one.until for one in self._held.values())

    def holds(self, id: str) -> bool:
        """Whether the key of this id counts yet, which somebody has shown."""
        held = self._held.get(id.encode())
        return held is not None and time() < held.until

    def principal(self, key: bytes) -> Principal:
        """Whose it is. Raises Unauthenticated."""
        held = self._held.get(key[ID])
        if held is not None:
            mac = self._mac()
            mac.update(key)
            if compare_digest(mac.digest(), held.hash):
                if time() < held.until:
                    return held.principal
                raise Unauthenticated("the API key has expired", INVALID)
        # Ids are no secrets: that one is not there, and that its secret is wrong, may take
        # different times, and are answered alike.
        raise Unauthenticated("there is no such API key", INVALID)
