"""API keys for tests, and what the file of keys has of them."""

from datetime import UTC, datetime
from typing import Any

from app.access.key import id_of
from app.access.key_file import KeyRecord
from app.access.pepper import hashed
from app.access.principal import Scope

PEPPER = b"a pepper that only tests have"


def record(key: str, **more: Any) -> KeyRecord:
    """What is kept of a key of ``tester``, who may predict."""
    given = {"principal": "tester", "scopes": (Scope.PREDICT,), "created": datetime.now(UTC)}
    return KeyRecord(id=id_of(key), hash=hashed(key, PEPPER), **given | more)
