"""Where a secret is to be had: configs name the place, and never hold it."""

import os
from typing import Self

from pydantic import model_validator

from app.folder import FilePath
from deployments.strict import StrictModel


class NoSecret(Exception):
    """A secret that is not where the config says; the message says where, and not what."""


class Secret(StrictModel):
    """The environment variable ``env``, or the content of ``file`` without the white space around
    it."""

    env: str | None = None
    file: FilePath | None = None

    @model_validator(mode="after")
    def _of_one_place(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("name either env, an environment variable, or file")
        return self

    def read(self) -> bytes:
        """Raises NoSecret where it is not there, or empty."""
        if self.file is None:
            name = str(self.env)
            found, where = os.environ.get(name, "").encode(), f"the environment variable {name}"
        else:
            where = str(self.file)
            try:
                found = self.file.read_bytes()
            except OSError as error:
                raise NoSecret(f"{where} cannot be read: {error.strerror}") from None
        if not (found := found.strip()):
            raise NoSecret(f"{where} holds no secret")
        return found
