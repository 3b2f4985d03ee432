"""The key under which API keys are hashed, which lies apart from the hashes.

API keys are hashed by HMAC-SHA-256, which is fast, and not by a hash that is slow on purpose, as
passwords are. Slowness is there for what people think up: a dictionary of that can be gone through.
Of 142 random bits nobody can try a fraction worth speaking of, at whatever speed, and each request
would pay for the slowness, wrong keys of an attacker included. The pepper adds that a stolen file
of hashes can be compared with nothing, and that who can write to that file alone lets nobody in.
"""

import secrets
from hmac import new as hmac

from app.access.key_file import BrokenKeys, make_folder, private
from app.secrets import NoSecret, Secret

_BYTES = 32
_AT_LEAST = 16


def read_pepper(secret: Secret) -> bytes:
    """Raises BrokenKeys where it is not there, or too short to be none."""
    try:
        pepper = secret.read()
    except NoSecret as error:
        raise BrokenKeys(f"the pepper of API keys: {error}") from None
    if len(pepper) < _AT_LEAST:
        raise BrokenKeys(f"the pepper of API keys is shorter than {_AT_LEAST} bytes")
    return pepper


def ensured_pepper(secret: Secret) -> bytes:
    """The same, made where it is to be a file that is not there. Raises BrokenKeys or OSError."""
    if secret.file is not None:
        make_folder(secret.file.parent)
        try:
            with open(secret.file, "x", opener=private) as file:
                file.write(secrets.token_hex(_BYTES) + "\n")
        except FileExistsError:
            pass
    return read_pepper(secret)


def derived(pepper: bytes, purpose: bytes) -> bytes:
    """A key for something else, which all who have the pepper have, too."""
    return hmac(pepper, purpose, "sha256").digest()


def hashed(key: str, pepper: bytes) -> str:
    """What the file of keys has of a key."""
    return hmac(pepper, key.encode(), "sha256").hexdigest()
