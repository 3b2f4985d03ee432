"""A request with an API key, as the layer has it resolved."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from app.access.authenticator import CredentialAuthenticator
from app.access.followed_keys import FollowedKeys
from app.access.key_changes import create
from app.access.principal import Scope
from app.access.settings import AuthSettings
from app.edge.options import RequestOptions
from benchmarks.scenarios.guards_micro.case import Case

_OTHERS = 9


def key_check() -> Case:
    """One of several keys."""
    with TemporaryDirectory() as folder:
        settings = AuthSettings.model_validate({}, context=Path(folder))
        for number in range(_OTHERS):
            create(settings, f"client{number}", [Scope.PREDICT])
        key = create(settings, "client", [Scope.PREDICT])
        authenticator = asyncio.run(_started(settings))
    options = RequestOptions([(b"authorization", f"Bearer {key}".encode())])
    known = authenticator.known
    return Case("check of an API key", 2.0, lambda: known(options, socket=False))


async def _started(settings: AuthSettings) -> CredentialAuthenticator:
    authenticator = CredentialAuthenticator(FollowedKeys(settings))
    await authenticator.start()
    await authenticator.close()
    return authenticator
