"""What becomes of Ray's template; tests/integration/graph sends requests and sockets through it."""

import pickle
from inspect import unwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import ChainableUndefined, Environment
from ray import cloudpickle
from ray.serve._private import haproxy
from ray.serve._private.haproxy_templates import HAPROXY_CONFIG_TEMPLATE as _TEMPLATE
from ray.serve.config import HTTPOptions

from app.ray_private.haproxy_template import apply, limited, limited_haproxy


def rendered(template: str) -> list[str]:
    """The lines for one application with one replica, as Ray would have them."""
    server = SimpleNamespace(name="replica", host="10.0.0.1", port=30000)
    backend: Any = SimpleNamespace(
        name="http-mine",
        path_prefix="/",
        servers=[server],
        fallback_server=SimpleNamespace(name="proxy", host="10.0.0.2", port=8500),
    )
    environment = Environment(undefined=ChainableUndefined)
    environment.filters["haproxy_fmt"] = str  # Ray's own
    text = environment.from_string(template)
    context = {
        "config": SimpleNamespace(nbthread=1, error_file_path="500.http"),
        "backends": [backend],
        "backends_with_health_config": [{"backend": backend, "health_config": SimpleNamespace()}],
    }
    return [line.strip() for line in text.render(context).splitlines()]


def test_a_replica_has_so_many_places_and_sockets_take_none() -> None:
    lines = rendered(limited(_TEMPLATE))

    assert "server replica 10.0.0.1:30000 maxconn 256 check" in lines
    sockets = lines.index("backend http-mine-sockets")
    assert "server replica 10.0.0.1:30000 track http-mine/replica" in lines[sockets:]
    assert "server proxy 10.0.0.2:8500 track http-mine/proxy backup" in lines[sockets:]
    routes = [line for line in lines if line.startswith("use_backend")]
    assert routes == [
        "use_backend http-mine-sockets if is_http-mine { req.hdr(upgrade) -i websocket }",
        "use_backend http-mine if is_http-mine",
    ]


def test_what_is_too_much_is_refused_before_it_is_routed() -> None:
    lines = rendered(limited(_TEMPLATE))

    (own,) = (one for one in lines if "return status 429" in one and '"code":"overloaded"' in one)
    which = "METH_POST is_http-mine http-mine_up http-mine_full"
    assert f"http-request set-var(txn.busy) bool(true) if {which}" in lines
    assert "http-request set-log-level silent if { var(txn.busy) -m bool }" in lines
    assert "if { var(txn.busy) -m bool }" in own
    assert lines.index(own) < lines.index("use_backend http-mine if is_http-mine")
    assert "acl http-mine_full be_conn_free(http-mine) eq 0" in lines


def test_all_else_is_as_ray_has_it() -> None:
    before, after = rendered(_TEMPLATE), rendered(limited(_TEMPLATE))

    changed = [line for line in before if line not in after]
    assert changed == [
        *(f"errorfile {status} 500.http" for status in (502, 503, 504)),
        "server replica 10.0.0.1:30000 check",
    ]


def test_its_own_errors_have_our_form() -> None:
    lines = rendered(limited(_TEMPLATE))

    for status in (408, 500, 502, 503, 504):
        (line,) = (one for one in lines if one.startswith(f"http-error status {status} "))
        assert "content-type application/json" in line
        assert '{"error":{"code":' in line


@pytest.fixture
def unmended(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """What the process of this test has of Ray's module is put back after it."""
    for name in ("HAProxyApi", "HAPROXY_CONFIG_TEMPLATE"):
        monkeypatch.setattr(haproxy, name, getattr(haproxy, name))
    return monkeypatch


@pytest.mark.usefixtures("unmended")
def test_the_class_of_rays_actor_takes_it_along() -> None:
    assert apply() is None
    assert apply() is None

    manager: Any = haproxy.HAProxyManager
    loaded = pickle.loads(cloudpickle.dumps(manager.__ray_metadata__.modified_class))
    assert unwrap(loaded.__init__).__globals__["HAProxyApi"] is limited_haproxy


@pytest.mark.usefixtures("unmended")
def test_haproxy_is_configured_by_it(tmp_path: Path) -> None:
    config = haproxy.HAProxyConfig(http_options=HTTPOptions(), socket_path=str(tmp_path / "s"))
    written = tmp_path / "haproxy.cfg"
    limited_haproxy(cfg=config, config_file_path=str(written))._generate_config_file_internal()

    assert "tune.pool-low-fd-ratio 90" in written.read_text()


def test_a_template_of_another_shape_stays_as_it_is_and_that_is_said(
    unmended: pytest.MonkeyPatch,
) -> None:
    before = haproxy.HAProxyApi
    unmended.setattr(haproxy, "HAPROXY_CONFIG_TEMPLATE", "global\n")

    assert "another way" in str(apply())
    assert haproxy.HAProxyApi is before


def test_an_actor_that_does_not_take_it_along_is_told_of(unmended: pytest.MonkeyPatch) -> None:
    metadata = SimpleNamespace(modified_class=Path)
    unmended.setattr(haproxy, "HAProxyManager", SimpleNamespace(__ray_metadata__=metadata))

    assert "another way" in str(apply())
