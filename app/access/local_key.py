"""The key of the local user, in a file beside that of all keys: so that what is started is not
only shut, but can be tried."""

from pathlib import Path

from app.access.key_changes import create
from app.access.key_file import read, write
from app.access.keys import Keys
from app.access.pepper import read_pepper
from app.access.principal import Scope
from app.access.settings import AuthSettings
from app.serving.errors import Unauthenticated

NAME = "key"
PRINCIPAL = "local"
_SCOPES = (Scope.PREDICT, Scope.FEEDBACK, Scope.EXPLAIN, Scope.JOBS)


def local_key(settings: AuthSettings) -> Path | None:
    """The file that has it, if it counts. Raises BrokenKeys."""
    path = settings.keys.with_name(NAME)
    if not (records := read(settings.keys)):
        return None
    try:
        Keys(read_pepper(settings.pepper), records).principal(path.read_bytes().strip())
    except (OSError, Unauthenticated):
        return None
    return path


def ensured_local_key(settings: AuthSettings) -> Path | None:
    """The same, made where there is no key at all: where there are others, somebody has seen to
    who may ask. Raises BrokenKeys or OSError."""
    if read(settings.keys):
        return local_key(settings)
    path = settings.keys.with_name(NAME)
    key = create(settings, PRINCIPAL, _SCOPES)
    write(path, f"{key}\n".encode())
    return path
