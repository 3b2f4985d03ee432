"""What a running HAProxy has of certificates, kept as their files are, without a connection lost.

It is told over its socket (``set ssl cert``, ``commit ssl cert``): connections that are open go on
with what they began with, and who comes is shown the new one. The front's own copies are what an
HAProxy begins with that takes over.
"""

import asyncio
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Never

from app.doors.haproxy_watch import ask
from app.doors.tls.lines import FILES
from app.doors.tls.material import exposed, read
from app.doors.tls.settings import BadTls, TlsSettings

_POLL_S = 1.0
_SOON = timedelta(days=21)
"""Who renews by ACME does so 30 days before the end: with three weeks left that has failed."""
_AGAIN = timedelta(days=1)


class Certificates:
    """Those of a front with this ``folder``, whose HAProxy has its socket at ``control``. ``say``
    takes a line for each exchange, for files that cannot be taken, and for an end that is near.
    Raises BadTls for files with which it cannot begin."""

    def __init__(
        self, settings: TlsSettings, folder: Path, control: str, say: Callable[[str], object]
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._control = control
        self._say = say
        self._wrong: str | None = None
        self._said_wrong: str | None = None
        self._reminded: datetime | None = None
        self._material = read(settings)
        self._told = dict(self._material.stores)
        for store, text in self._told.items():
            self._write(store, text)
        say(f"TLS with {self._material}")
        if problem := exposed(settings):
            say(problem)

    async def keep(self) -> Never:
        """Until cancelled: what the files hold is in force within two seconds. Files that cannot be
        taken leave what was before, and are told of once they stay so: two that belong together
        change one after the other."""
        while True:
            await self.look(datetime.now(UTC))
            await asyncio.sleep(_POLL_S)

    async def look(self, now: datetime) -> None:
        """At the files once."""
        try:
            material = read(self._settings, now)
        except BadTls as error:
            self._refused(str(error))
        else:
            self._wrong = self._said_wrong = None
            changed = {
                store: text
                for store, text in material.stores.items()
                if text != self._told.get(store)
            }
            for store, text in changed.items():
                self._write(store, text)
                try:
                    await exchange(self._control, store, self._folder / FILES[store], text)
                except OSError:
                    return  # it dies, say: the next look tells it
                self._told[store] = text
            if changed:
                self._material, self._reminded = material, None
                self._say(f"TLS from now on with {material}")
        self._remind(now)

    def _refused(self, why: str) -> None:
        if why == self._wrong and why != self._said_wrong:
            self._say(f"{why}; what was before stays in force")
            self._said_wrong = why
        self._wrong = why

    def _remind(self, now: datetime) -> None:
        left = self._material.until - now
        if left > _SOON or (self._reminded and now - self._reminded < _AGAIN):
            return
        self._reminded = now
        when = f"{self._material.until:%Y-%m-%d %H:%M} UTC"
        self._say(
            f"TLS: what holds until {when} ends in {left.days} days: renew it"
            if left > timedelta()
            else f"TLS: what held until {when} has expired: clients refuse it"
        )

    def _write(self, store: str, text: bytes) -> None:
        """In one step, for nobody else to read."""
        file, name = tempfile.mkstemp(dir=self._folder)
        with open(file, "wb") as new:
            new.write(text)
        os.replace(name, self._folder / FILES[store])


async def exchange(control: str, store: str, path: Path, text: bytes) -> None:
    """Have HAProxy take this text in place of what it has read from ``path``. Raises OSError where
    it does not."""
    asked = (f"set ssl {store} {path} <<\n{text.decode()}", f"commit ssl {store} {path}")
    for command, taken in zip(asked, (b"ransaction", b"Success"), strict=True):
        answer = await ask(control, command)
        if taken not in answer:
            raise OSError(f"HAProxy does not take {path}: {answer.decode(errors='replace')}")
