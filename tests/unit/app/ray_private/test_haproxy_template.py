"""What becomes of Ray's template; tests/integration/graph sends requests and sockets through it."""

from types import SimpleNamespace
from typing import Any

from jinja2 import ChainableUndefined, Environment
from ray.serve._private import haproxy_templates

from app.ray_private.haproxy_template import limit, limited

_TEMPLATE = haproxy_templates.HAPROXY_CONFIG_TEMPLATE


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
        "config": SimpleNamespace(nbthread=1),
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
    assert changed == ["server replica 10.0.0.1:30000 check"]


def test_a_template_of_another_shape_stays_as_it_is() -> None:
    module: Any = SimpleNamespace(HAPROXY_CONFIG_TEMPLATE="global\n")
    limit(module)
    assert module.HAPROXY_CONFIG_TEMPLATE == "global\n"

    module = SimpleNamespace(HAPROXY_CONFIG_TEMPLATE=_TEMPLATE)
    limit(module)
    assert limited(_TEMPLATE) == module.HAPROXY_CONFIG_TEMPLATE
