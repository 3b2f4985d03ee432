"""What is said of applications that change, in what Serve tells of them."""

from typing import Any

import pytest

from app.start.applications import Applications, ShutDown


class Told:
    """What was said, of an application with this health, or none where it does not answer."""

    def __init__(self, *, health: dict[str, Any] | None = None) -> None:
        self.lines: list[str] = []
        self._served = Applications(self.lines.append, lambda _: health or {})

    def tell(self, **applications: dict[str, Any]) -> list[str]:
        """What is said of these, one after the other."""
        before = len(self.lines)
        self._served.tell({"controller_info": {"pid": 1}, "applications": applications})
        return self.lines[before:]

    def details(self, details: dict[str, Any]) -> list[str]:
        before = len(self.lines)
        self._served.tell(details)
        return self.lines[before:]


def _app(status: str, deployed: float = 1.0, message: str = "") -> dict[str, Any]:
    return {"status": status, "last_deployed_time_s": deployed, "message": message}


def test_what_is_so_from_the_start_is_no_news() -> None:
    told = Told()
    assert told.tell(orders=_app("RUNNING")) == []
    assert told.tell(orders=_app("RUNNING")) == []


def test_an_update() -> None:
    told = Told()
    told.tell(orders=_app("RUNNING"))
    assert told.tell(orders=_app("DEPLOYING", 2)) == ["orders is being updated"]
    assert told.tell(orders=_app("RUNNING", 2)) == ["orders: what was deployed serves"]


def test_an_update_between_two_questions() -> None:
    told = Told()
    told.tell(orders=_app("RUNNING"))
    assert told.tell(orders=_app("RUNNING", 2)) == ["orders: what was deployed serves"]


def test_a_version_that_replicas_refuse() -> None:
    told = Told(health={"status": "ok", "problem": "version 3 was refused; 2 serves on"})
    told.tell(orders=_app("RUNNING"))
    (line,) = told.tell(orders=_app("RUNNING", 2))
    assert line == "orders serves: version 3 was refused; 2 serves on"


@pytest.mark.parametrize(
    ("health", "serves"), [({"status": "ok"}, "the old one serves"), ({}, "nothing serves")]
)
def test_an_update_that_is_refused(health: dict[str, Any], serves: str) -> None:
    told = Told(health=health)
    told.tell(orders=_app("RUNNING"))
    (line,) = told.tell(orders=_app("DEPLOY_FAILED", 2, "Traceback\nGraphRefused: no such bundle"))
    assert line.startswith("orders: what was deployed was refused, ")
    assert serves in line
    assert line.endswith("no such bundle")
    assert told.tell(orders=_app("DEPLOY_FAILED", 2)) == []
    (again,) = told.tell(orders=_app("DEPLOY_FAILED", 3, "no room"))
    assert again.endswith("no room")


def test_one_that_falls_ill_and_recovers() -> None:
    told = Told()
    told.tell(orders=_app("RUNNING"))
    (ill,) = told.tell(orders=_app("UNHEALTHY", message="no replica of Model"))
    assert ill == "orders is unhealthy: no replica of Model"
    assert told.tell(orders=_app("RUNNING")) == ["orders: it is whole again"]


def test_applications_that_come_and_go() -> None:
    told = Told()
    told.tell(orders=_app("RUNNING"))
    lines = told.tell(returns=_app("DEPLOYING"))
    assert lines == ["orders is no longer deployed", "returns is being deployed"]
    assert told.tell() == ["returns is no longer deployed"]


def test_serve_that_is_shut_down() -> None:
    told = Told()
    told.tell(orders=_app("RUNNING"))
    with pytest.raises(ShutDown, match="serve shutdown"):
        told.details({"controller_info": {}, "applications": {}})


def test_serve_that_is_shut_down_as_soon_as_it_serves() -> None:
    with pytest.raises(ShutDown):
        Told().details({"controller_info": {}, "applications": {}})


def test_a_dashboard_that_does_not_answer() -> None:
    told = Told()
    told.tell(orders=_app("RUNNING"))
    for _ in range(4):
        assert told.details({}) == []
    (line,) = told.details({})
    assert "does not answer" in line
    assert told.details({}) == []
    assert told.tell(orders=_app("RUNNING")) == ["Ray's dashboard answers again"]
