"""What becomes of Ray's template; tests/integration/graph sends requests and sockets through it."""

import pickle
from inspect import unwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray import cloudpickle
from ray.serve._private import haproxy
from ray.serve._private.haproxy import HAProxyApi

from app.ray_private.haproxy_template import apply, mended_haproxy
from tests.support.haproxy import application, config, managed

pytestmark = pytest.mark.usefixtures("unmended")
MINE = application("mine", {"one": 30000}, grpc={"one": 40000}, fallback=8500)


def lines(folder: Path, *applications: Any, ours: bool = True) -> list[str]:
    """Of HAProxy's configuration for these, as Ray alone or we have it."""
    of = config(folder)
    if ours:
        api: HAProxyApi = managed(of, applications)
    else:
        backends = {name: one for application in applications for name, one in application.items()}
        api = HAProxyApi(of, backends, str(folder / "haproxy.cfg"))
    api._generate_config_file_internal()
    return [line.strip() for line in (folder / "haproxy.cfg").read_text().splitlines()]


def section(written: list[str], name: str) -> list[str]:
    """The lines of a backend."""
    rest = written[written.index(f"backend {name}") + 1 :]
    heads = ("backend", "frontend", "listen")
    return rest[: next(at for at, line in enumerate(rest) if line.split(" ")[0] in heads)]


def test_a_replica_has_so_many_places_and_sockets_and_control_take_none(folder: Path) -> None:
    written = lines(folder, MINE)

    def servers(name: str) -> list[str]:
        return [line for line in section(written, name) if line.startswith("server ")]

    at, cut = "server one 127.0.0.1:30000", "on-marked-down shutdown-sessions"
    ready, again = servers("http-mine")
    assert ready.startswith(f"{at} maxconn 256 check")
    assert again == f"server proxy unix@{folder}/socket.0 backup no-check"
    alive, nobody = servers("http-mine-alive")
    assert alive == f"{at} maxconn 256 track http-mine-lives/one {cut}"
    assert nobody == f"server nobody unix@{folder}/socket.n backup no-check"
    assert servers("http-mine-control") == [f"{at} track http-mine/one"]
    assert servers("http-mine-lives") == [f"{at} check"]


def test_where_a_request_goes(folder: Path) -> None:
    routes = [line for line in lines(folder, MINE) if line.startswith("use_backend http-")]
    assert routes == [
        "use_backend http-mine-control if is_http-mine !METH_POST "
        "{ nbsrv(http-mine-control) gt 0 }",
        "use_backend http-mine-lives if is_http-mine !METH_POST",
        "use_backend http-mine-alive if is_http-mine { nbsrv(http-mine-control) eq 0 }",
        "use_backend http-mine if is_http-mine",
    ]


def test_one_application_does_not_answer_for_another_with_a_longer_prefix(folder: Path) -> None:
    other = application("other", {"two": 30001}, prefix="/other")
    written = lines(folder, MINE, other)
    routes = [line.split()[1] for line in written if line.startswith("use_backend http-")]

    assert routes[:4] == [f"http-other{one}" for one in ("-control", "-lives", "-alive", "")]
    assert "http-check send meth GET uri /other/health/ready" in section(written, "http-other")
    front = written[
        written.index("frontend http_frontend") : written.index("backend default_backend")
    ]
    assert not [line for line in front if "return status 429" in line]


def test_what_is_too_much_is_refused(folder: Path) -> None:
    for name in ("http-mine", "http-mine-alive"):
        written = section(lines(folder, MINE), name)
        (own,) = (
            one for one in written if "return status 429" in one and '"code":"overloaded"' in one
        )
        assert "if { var(txn.busy) -m bool }" in own
        assert "http-request set-var(txn.busy) bool(true) if METH_POST up full" in written
        assert "http-request set-log-level silent if { var(txn.busy) -m bool }" in written
        assert f"acl full be_conn_free({name}) eq 0" in written


def test_without_a_replica_rays_proxy_is_asked_and_not_for_long(folder: Path) -> None:
    written = section(lines(folder, application("mine", {}, fallback=8500)), "http-mine")

    assert "server proxy 127.0.0.1:8500 check backup" in written
    assert "timeout server 3s" in written
    assert not [line for line in section(lines(folder, MINE), "http-mine") if ":8500" in line]


@pytest.mark.parametrize("http", [{}, {"other": 1}])
def test_grpc_has_checks_of_its_own_where_http_knows_of_no_such_replica(
    folder: Path, http: dict[str, int]
) -> None:
    written = lines(folder, application("mine", http, grpc={"one": 40000}))

    assert "option tcp-check" in section(written, "grpc-mine")
    assert "backend grpc-mine-alive" not in written


def test_all_else_is_as_ray_has_it(folder: Path) -> None:
    foreign = application("foreign", {"one": 1}, grpc={"one": 2}, ingress="Api", fallback=3)
    before, after = (lines(folder, foreign, ours=ours) for ours in (False, True))

    changed = {line.split()[0] for line in before if line not in after}
    # Its errors, in plain text, and who may use its socket.
    assert changed - {"bind", "#"} == {"errorfile", "http-request", "stats"}
    for backend in ("http-foreign", "grpc-foreign"):
        assert section(after, backend) == section(before, backend)


def test_its_own_errors_have_our_form(folder: Path) -> None:
    written = lines(folder)

    for status in (408, 500, 502, 503, 504):
        (line,) = (one for one in written if one.startswith(f"http-error status {status} "))
        assert "content-type application/json" in line
        assert '{"error":{"code":' in line


def test_the_class_of_rays_actor_takes_it_along() -> None:
    assert apply() is None
    assert apply() is None

    manager: Any = haproxy.HAProxyManager
    loaded = pickle.loads(cloudpickle.dumps(manager.__ray_metadata__.modified_class))
    assert unwrap(loaded.__init__).__globals__["HAProxyApi"] is mended_haproxy


@pytest.mark.parametrize("name", ["HAPROXY_CONFIG_TEMPLATE", "HAPROXY_HEALTHZ_RULES_TEMPLATE"])
def test_a_template_of_another_shape_stays_as_it_is_and_that_is_said(
    unmended: pytest.MonkeyPatch, name: str
) -> None:
    before = haproxy.HAProxyApi
    unmended.setattr(haproxy, name, "global\n")

    assert "another way" in str(apply())
    assert haproxy.HAProxyApi is before


def test_a_process_that_is_run_in_another_way_is_told_of(unmended: pytest.MonkeyPatch) -> None:
    unmended.delattr(HAProxyApi, "_graceful_reload")

    assert "another way" in str(apply())


def test_an_actor_that_does_not_take_it_along_is_told_of(unmended: pytest.MonkeyPatch) -> None:
    metadata = SimpleNamespace(modified_class=Path)
    unmended.setattr(haproxy, "HAProxyManager", SimpleNamespace(__ray_metadata__=metadata))

    assert "another way" in str(apply())
