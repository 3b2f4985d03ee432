"""Ray's own HAProxy, with a limit to what is under way at a replica, and with our errors.

**Why.** Ray 2.60 sends a replica whatever comes. At three times the load that a graph can carry its
replicas have no time left to answer, and not enough to refuse: of 500,000 requests nearly all were
lost. HAProxy's configuration is a template without a setting for this, so the template is what is
changed. Its admin socket could set ``maxconn``, but no rule that refuses: what waits would get 500.
**To see it.** ``python tests/ray/haproxy_sends_all.py``
**When Ray mends it.** Where it has settings for a limit and for what is refused, use these; delete
this file.
"""

from typing import Any

from ray import cloudpickle
from ray.serve._private import haproxy as rays
from ray.serve._private.haproxy import HAProxyApi

from app.doors.concurrency import CONCURRENCY
from app.doors.haproxy_rules import HEADS, KEEP, indented, own_errors, too_many
from app.ray_private.haproxy_hosts import reachable

haproxy: Any = rays  # its names are not for others, says its type
_NAME = "{{ backend.name or 'unknown' }}"
_SERVER = "server {{ server.name }} {{ server.host }}:{{ server.port }}"
_REQUESTS = f"    {_SERVER} check{{% if config.observe"
_GLOBAL = "    nbthread {{ config.nbthread }}\n"
_ERRORS = """\
    {%- if config.error_file_path %}
    errorfile 502 {{ config.error_file_path }}
    errorfile 503 {{ config.error_file_path }}
    errorfile 504 {{ config.error_file_path }}
    {%- endif %}
"""
_ROUTING = "    # Static routing based on path prefixes"
_BACKENDS = "{%- for item in backends_with_health_config %}\n"
_EACH = "{%- for backend in backends %}\n"
_END = "{%- endfor %}\n"


def apply() -> str | None:
    """See to it from the controller that HAProxy will be limited, or say why not.

    It is run by an actor whose class Ray pickles by value, with the names that its methods refer
    to: ``limited_haproxy`` travels as one of them, to every node.
    """
    parts = (_GLOBAL, _ERRORS, _REQUESTS, _ROUTING, _BACKENDS)
    if not all(part in haproxy.HAPROXY_CONFIG_TEMPLATE for part in parts):
        return "this Ray configures its HAProxy in another way, which knows no limit"
    haproxy.HAProxyApi = limited_haproxy
    manager: bytes = cloudpickle.dumps(haproxy.HAProxyManager.__ray_metadata__.modified_class)
    if limited_haproxy.__name__.encode() not in manager:
        return "this Ray starts its HAProxy in another way, which knows no limit"
    return None


def limited_haproxy(*arguments: Any, **named: Any) -> HAProxyApi:
    """Ray's class of this name, in the process in which it makes HAProxy's configuration."""
    haproxy.HAPROXY_CONFIG_TEMPLATE = reachable(limited(haproxy.HAPROXY_CONFIG_TEMPLATE))
    return HAProxyApi(*arguments, **named)


def limited(template: str) -> str:
    """Ray's template with places for requests at each server, and what is more refused. Sockets
    have a backend of their own, since one lasts and must not take the place of requests. What it
    answers by itself is in our form, in place of Ray's plain text."""
    rules = indented(too_many(_NAME, f"is_{_NAME}"))
    sockets = f"    use_backend {_NAME}-sockets if is_{_NAME} {{ req.hdr(upgrade) -i websocket }}\n"
    for old, new in (
        (_GLOBAL, f"{_GLOBAL}{indented((*KEEP, *HEADS))}\n"),
        (_ERRORS, f"{indented(own_errors())}\n"),
        (_REQUESTS, f"    {_SERVER} maxconn {CONCURRENCY} check{{% if config.observe"),
        (_ROUTING, f"{_EACH}{rules}\n{_END}{_EACH}{sockets}{_END}{_ROUTING}"),
        (_BACKENDS, f"{_EACH}{_SOCKETS}{_END}{_BACKENDS}"),
    ):
        template = template.replace(old, new, 1)
    return template


_FALLBACK = "backend.fallback_server"
_SOCKETS = f"""\
backend {_NAME}-sockets
    log global
    {{%- for server in backend.servers %}}
    {_SERVER} track {_NAME}/{{{{ server.name }}}}
    {{%- endfor %}}
    {{%- if {_FALLBACK} %}}
    {_SERVER.replace("server.", _FALLBACK + ".")} track {_NAME}/{{{{ {_FALLBACK}.name }}}} backup
    {{%- endif %}}
"""
