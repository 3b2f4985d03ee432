"""What fails is recorded, what anybody could cause for nothing is not, and what cannot be recorded
is not answered."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from app.access.principal import Principal, Scope
from app.asgi import Application
from app.audit.log import AuditLog
from app.audit.settings import AuditSettings
from app.config import BatchSettings, EdgeArgs
from app.edge.account import Accounting
from app.edge.guards import Guards
from app.edge.layers import Call
from app.edge.options import RequestOptions
from app.edge.route import Access, Route
from app.serving.dataplane import Dataplane
from app.serving.errors import Forbidden, Overloaded, RateLimited, Unauthenticated, WindsockError
from tests.support.audited import audit_settings, recorded, recording
from tests.support.chains import weighing
from tests.support.manifests import EXAMPLE, parcels, store
from tests.support.streams import stream
from tests.unit.app.protocols.stream.services import service

ANNE = Principal("anne", frozenset({Scope.PREDICT}), key="a1")


class Asking:
    """A call of this principal, on a route that takes this."""

    long_lived: ClassVar[bool] = False

    def __init__(self, principal: Principal | None, access: Access | Scope) -> None:
        self.names: Mapping[str, str] = {}
        self.options = RequestOptions([])
        self.options.principal = principal
        self.route = Route("GET", "/somewhere", _refused, access=access)

    async def refuse(self, error: WindsockError) -> None:
        raise NotImplementedError


async def _refused(call: Call) -> None:
    raise NotImplementedError


async def _failed(log: AuditLog, error: Exception, asking: Asking) -> None:
    async def handler(_: Call) -> None:
        raise error

    with pytest.raises(type(error)):
        await Accounting(handler, [log])(asking)


async def test_what_is_wrong_with_a_request_is_recorded(
    dataplane: Dataplane, log: AuditLog, settings: AuditSettings
) -> None:
    app = Application(dataplane, EdgeArgs(), guards=Guards(recorders=[log]))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
        await client.post("/predict", json=EXAMPLE | {"weight": -1})
        await client.post("/predict", json=EXAMPLE | {"weight": -1, "x": 1})

    entry, _ = recorded(settings)
    assert (entry.outcome, entry.rows) == ("out_of_range", [])
    assert entry.failure is not None
    assert entry.failure.field == "weight"


async def test_rows_of_a_stream_too(tmp_path: Path, log: AuditLog, settings: AuditSettings) -> None:
    async with (
        service(tmp_path / "served", guards=Guards(recorders=[log])) as served,
        stream(served.url) as client,
    ):
        await client.ask("wrong", {})

    (entry,) = recorded(settings)
    assert (entry.id, entry.outcome) == ("wrong", "missing_field")


async def test_who_may_not_is_recorded_by_name(tmp_path: Path) -> None:
    settings = audit_settings(tmp_path)
    async with recording(settings, anonymous=False) as log:
        await _failed(log, Forbidden("no"), Asking(ANNE, Scope.ADMIN))

    (entry,) = recorded(settings, principal="anne")
    assert (entry.outcome, entry.route, entry.key) == ("forbidden", "/somewhere", "a1")


@pytest.mark.parametrize(
    ("error", "asking"),
    [
        (Unauthenticated("who?"), Asking(None, Scope.PREDICT)),
        (RateLimited("slowly", 1), Asking(ANNE, Scope.PREDICT)),
        (Overloaded("later"), Asking(ANNE, Scope.PREDICT)),
        (Forbidden("no"), Asking(ANNE, Access.OPEN)),
        (Forbidden("no"), Asking(None, Scope.PREDICT)),
    ],
    ids=["401", "rate", "overload", "open", "nobody"],
)
async def test_what_anybody_could_fill_the_disk_with_is_not(
    tmp_path: Path, error: Exception, asking: Asking
) -> None:
    settings = audit_settings(tmp_path)
    async with recording(settings, anonymous=False) as log:
        await _failed(log, error, asking)

    assert recorded(settings) == []


@contextmanager
def _full(folder: Path) -> Iterator[None]:
    """No file of the journal can be made."""
    writers = [one for one in (folder / "journal").iterdir() if one.is_dir()]
    for writer in writers:
        (writer / "0000000001.segment").mkdir()
    yield
    for writer in writers:
        (writer / "0000000001.segment").rmdir()


@pytest.mark.parametrize(("unwritable", "status"), [("refuse", 503), ("serve", 200)])
async def test_a_disk_that_takes_nothing_is_told_and_does_what_was_chosen(
    tmp_path: Path, unwritable: str, status: int
) -> None:
    settings = audit_settings(tmp_path, unwritable=unwritable)
    async with recording(settings) as log:
        guards = Guards(recorders=[log])
        dataplane = Dataplane(
            store(tmp_path / "models", parcels()),
            weighing(),
            "parcels",
            more_problems=guards.problems,
        )
        await dataplane.activate("1", BatchSettings())
        transport = httpx.ASGITransport(Application(dataplane, EdgeArgs(), guards=guards))
        async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
            with _full(tmp_path):
                answer = await client.post("/predict", json=EXAMPLE)
                health = (await client.get("/health")).json()
            again = await client.post("/predict", json=EXAMPLE)
            well = (await client.get("/health")).json()

    assert answer.status_code == status
    if status == 503:
        assert answer.json()["error"]["code"] == "unrecorded"
    assert "audit: the journal cannot be written" in health["problem"]
    assert str(tmp_path) not in health["problem"]
    assert again.status_code == 200
    assert "problem" not in well or not well["problem"]
    assert len(recorded(settings)) == 1
