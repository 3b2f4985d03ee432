"""An application that lets in by keys, tokens and tickets, and what its clients show."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time

from app.access.key_changes import create, revoke
from app.access.principal import Scope
from app.access.settings import AuthSettings
from app.asgi import Application
from app.config import CorsSettings, EdgeArgs
from app.edge.guards import Guards
from app.edge.route import Route
from app.guards import guards_of
from app.protocols.stream.streams import Streams
from app.serving.dataplane import Dataplane
from tests.support.issuer import Issuer, rsa_key

OTHERS = [scope for scope in Scope if scope is not Scope.PREDICT]


@dataclass
class Guarded:
    """``app`` with its ``guards``; ``good``, ``bad`` and ``under`` are values of the header
    ``authorization``: of who may predict, of who is nobody, and of who may all else."""

    app: Application
    guards: Guards
    settings: AuthSettings
    good: Mapping[str, str]
    bad: Mapping[str, str]
    under: Mapping[str, str]


@asynccontextmanager
async def guarded(
    dataplane: Dataplane,
    folder: Path,
    issuer: Issuer,
    *,
    cors: CorsSettings | None = None,
    undocumented: Iterable[Route] = (),
) -> AsyncIterator[Guarded]:
    """It, with what guards it at work."""
    settings = AuthSettings.model_validate(
        {
            "keys": folder / "keys.json",
            "pepper": {"file": folder / "pepper"},
            "tokens": issuer.settings(),
        }
    )
    key = create(settings, "ada", [Scope.PREDICT])
    under = create(settings, "ben", OTHERS)
    expired = create(settings, "eve", Scope, expires=datetime.now(UTC) - timedelta(seconds=1))
    gone = create(settings, "eve", Scope)
    revoke(settings, gone[4:14])
    args = EdgeArgs(auth=settings, cors=cors)
    guards = guards_of(args)
    await guards.start()
    streams = Streams(dataplane, args.limits, args.stream, guards)
    try:
        yield Guarded(
            Application(dataplane, args, streams, undocumented, guards),
            guards,
            settings,
            {"key": f"Bearer {key}", "token": _bearer(issuer.token())},
            {
                "expired key": f"Bearer {expired}",
                "revoked key": f"Bearer {gone}",
                "another's secret": f"Bearer {key[:15]}{under[15:]}",
                "altered key": f"Bearer {key[:-7]}{'A' if key[-7] != 'A' else 'B'}{key[-6:]}",
                "no key": "Bearer wsk_",
                "key as user": f"Basic {key}",
                "key alone": key,
                "nothing": "Bearer ",
                "expired token": _bearer(issuer.token(exp=time() - 1)),
                "token of another": _bearer(issuer.token(iss="https://other.test")),
                "token for another": _bearer(issuer.token(aud="other")),
                "token of an unknown key": _bearer(issuer.token(kid="two")),
                "forged token": _bearer(issuer.token(rsa_key("two"))),
                "unsigned token": _bearer(issuer.token().rpartition(b".")[0] + b"."),
            },
            {
                "key": f"Bearer {under}",
                "token": _bearer(issuer.token(scope=" ".join(one.value for one in OTHERS))),
            },
        )
    finally:
        await streams.close()
        await guards.close()


def _bearer(token: bytes) -> str:
    return f"Bearer {token.decode()}"
