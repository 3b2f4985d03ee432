"""The file of API keys: what is known of each but its secret."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from app.access.key import ID_PATTERN
from app.access.principal import Limit, Principal, Scope
from deployments.strict import StrictModel, first_problem


class BrokenKeys(Exception):
    """The keys cannot be read; the message says where and why, and is for who runs the server."""


class KeyRecord(StrictModel, frozen=True):
    """A key by its ``id``. ``hash`` is HMAC-SHA-256 of the whole key under the pepper, in hex;
    ``principal`` is whose it is, who may have several."""

    id: Annotated[str, Field(pattern=f"^{ID_PATTERN}$")]
    principal: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]
    hash: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)]
    created: AwareDatetime
    expires: AwareDatetime | None = None
    limits: tuple[Limit, ...] = ()

    @property
    def who(self) -> Principal:
        until = self.expires.timestamp() if self.expires else inf
        return Principal(self.principal, frozenset(self.scopes), self.limits, until, self.id)

    @property
    def expired(self) -> bool:
        return self.expires is not None and self.expires <= datetime.now(UTC)


class _Document(StrictModel):
    format: Literal[1] = 1
    keys: tuple[KeyRecord, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({one.id for one in self.keys}) != len(self.keys):
            raise ValueError("an id stands there twice")
        return self


def read(path: Path) -> tuple[KeyRecord, ...]:
    """The keys of a file, none where there is none. Raises BrokenKeys."""
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise BrokenKeys(f"{path} cannot be read: it is no file")
        text = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise BrokenKeys(f"{path} cannot be read: {error.strerror}") from None
    try:
        return _Document.model_validate_json(text).keys
    except ValidationError as error:
        raise BrokenKeys(f"{path} is no file of keys: {first_problem(error)}") from None


class Draft:
    """The keys of a file while they are changed: ``keys`` is written when the block ends well."""

    def __init__(self, keys: Iterable[KeyRecord]) -> None:
        self.keys = {one.id: one for one in keys}


@contextmanager
def changing(path: Path) -> Iterator[Draft]:
    """Change a file, one writer after the other, so that readers see all of it or nothing. Raises
    BrokenKeys, and OSError where it cannot be written."""
    make_folder(path.parent)
    path = path.resolve()
    with open(path.with_name(f"{path.name}.lock"), "ab", opener=private) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        draft = Draft(read(path))
        yield draft
        document = _Document(keys=tuple(draft.keys.values()))
        write(path, document.model_dump_json(indent=1).encode())


def write(path: Path, content: bytes) -> None:
    """Replace a file at once by one that only its owner may read, unless the one before was open to
    others. Raises OSError."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            if path.exists():
                os.fchmod(file.fileno(), path.stat().st_mode & 0o777)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def make_folder(folder: Path) -> None:
    """Where there is none, one for this user alone, which git leaves out. Raises OSError."""
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n")


def private(path: str, flags: int) -> int:
    """Opens what nobody but its owner may read: an ``opener`` for files."""
    return os.open(path, flags, 0o600)
