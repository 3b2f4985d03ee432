"""Ray's own HAProxy, with a limit to what is under way at a replica, with checks that take one out
that hangs, and with our errors.

**Why.** Ray 2.60 sends a replica whatever comes. At three times the load that a graph can carry its
replicas have no time left to answer, and not enough to refuse: of 500,000 requests nearly all were
lost. One that hangs is known after 10 s, keeps what it holds for as long as it hangs, and then
everything goes to the one Python proxy of the head node, which asks the same replicas. HAProxy's
configuration is a template without settings for this (for the period of its checks alone there is
one), so the template is what is changed.
**To see it.** ``python tests/ray/haproxy_sends_all.py``, ``python tests/ray/ingress_hangs.py``
**When Ray mends it.** Where it has settings for a limit and for what is refused, use these; delete
this file.
"""

from collections.abc import Iterable
from typing import Any

from ray import cloudpickle
from ray.serve._private import haproxy as rays
from ray.serve._private import haproxy_templates as rays_templates

from app.doors.concurrency import CONCURRENCY
from app.doors.haproxy_rules import (
    ASKED_AGAIN,
    CUT,
    HEADS,
    KEEP,
    NO_504,
    QUICK,
    again,
    checked,
    indented,
    last,
    nobody,
    none_there,
    nothing_here,
    nothing_known,
    own_errors,
    too_many,
)
from app.ray_private.haproxy_grpc import PARTS as GRPC_PARTS
from app.ray_private.haproxy_grpc import mended_grpc
from app.ray_private.haproxy_hosts import reachable
from app.ray_private.haproxy_surface import PARTS as SURFACE_PARTS
from app.ray_private.haproxy_surface import shut
from app.ray_private.haproxy_watch import WatchedHAProxy, unfit

haproxy: Any = rays  # its names are not for others, says its type
_NAME = "{{ backend.name or 'unknown' }}"
_SERVER = "server {{ server.name }} {{ server.host }}:{{ server.port }}"
_GLOBAL = "    nbthread {{ config.nbthread }}\n"
_ERRORS = """\
    {%- if config.error_file_path %}
    errorfile 502 {{ config.error_file_path }}
    errorfile 503 {{ config.error_file_path }}
    errorfile 504 {{ config.error_file_path }}
    {%- endif %}
"""
_ROUTE = f"    use_backend {_NAME} if is_{_NAME}\n{{%- endfor %}}\n    default_backend"
_NOWHERE = """\
    http-request return status 404 content-type text/plain lf-string "Path \'%[path]\' not found. \
Ping http://.../-/routes for available routes."
"""
_STATS = "listen stats\n"
_BACKENDS = "{%- for item in backends_with_health_config %}\n"
_CHECK = "    {%- if hc.health_path %}\n"
_FALLBACK = f"""\
    {_SERVER.replace("server.", "backend.fallback_server.")} check backup
    {{%- endif %}}
"""
_OBSERVED = "{% if config.observe_mark_down_enabled %} observe layer4"
_HEALTHZ = f"    acl backend_{_NAME}_server_up nbsrv({_NAME}) ge 1\n"


def apply() -> str | None:
    """See to it from the controller that HAProxy will be mended, or say why not.

    It is run by an actor whose class Ray pickles by value, with the names that its methods refer
    to: ``mended_haproxy`` travels as one of them, to every node.
    """
    ours = (_GLOBAL, _ERRORS, _ROUTE, _NOWHERE, _STATS, _BACKENDS, _CHECK, _FALLBACK)
    parts = (*ours, *GRPC_PARTS, *SURFACE_PARTS)
    template, healthz = haproxy.HAPROXY_CONFIG_TEMPLATE, haproxy.HAPROXY_HEALTHZ_RULES_TEMPLATE
    if not all(part in template for part in parts) or _HEALTHZ not in healthz:
        return "this Ray configures its HAProxy in another way: it has no limit, and slow checks"
    if problem := unfit():
        return problem
    haproxy.HAProxyApi = mended_haproxy
    manager: bytes = cloudpickle.dumps(haproxy.HAProxyManager.__ray_metadata__.modified_class)
    if mended_haproxy.__name__.encode() not in manager:
        return "this Ray starts its HAProxy in another way: it has no limit, and slow checks"
    return None


def mended_haproxy(*arguments: Any, **named: Any) -> WatchedHAProxy:
    """Ray's class of this name, in the process in which it makes HAProxy's configuration."""
    haproxy.HAPROXY_CONFIG_TEMPLATE = reachable(
        shut(mended(rays_templates.HAPROXY_CONFIG_TEMPLATE))
    )
    haproxy.HAPROXY_HEALTHZ_RULES_TEMPLATE = alive(rays_templates.HAPROXY_HEALTHZ_RULES_TEMPLATE)
    return WatchedHAProxy(*arguments, **named)


def mended(template: str) -> str:
    """Ray's template with four backends for each application of ours that has replicas, in place
    of one: predictions go to replicas that are ready, up to a limit, and where none is, to those
    that are alive; so does all else, which waits behind no prediction, nor takes the place of one,
    as a socket would, which lasts. What HAProxy answers by itself is in our form, in place of Ray's
    plain text.
    """
    for old, new in (
        (_GLOBAL, f"{_GLOBAL}{indented((*KEEP, *HEADS))}\n"),
        (_ERRORS, f"{indented(own_errors())}\n"),
        (_ROUTE, f"{_if(_OURS, _ROUTES)}{_ROUTE}"),
        (_STATS, "\n".join((*nobody(_NOBODY), _STATS))),
        (_NOWHERE, _if("backends", indented(nothing_here()), indented(nothing_known()))),
        (_BACKENDS, f"{{%- for backend in backends if {_OURS} %}}\n{_MORE}{_END}{_BACKENDS}"),
        (_CHECK, f"    {{%- if {_OURS} %}}\n{_READY}    {{%- else %}}\n{_CHECK}"),
        (_FALLBACK, f"{_FALLBACK}{_if(_WAITED_FOR, _WAITING)}    {{%- endif %}}\n"),
    ):
        assert old in template, old
        template = template.replace(old, new, 1)
    return mended_grpc(template)


def alive(healthz: str) -> str:
    """Ray's template for its own health check, which passes where a replica is alive, too: who
    asks it would take the node for gone, and degraded answers with it."""
    ours = f"    acl backend_{_NAME}_server_up nbsrv({_LIVES}) ge 1"
    return healthz.replace(_HEALTHZ, _if(_OURS, ours, _HEALTHZ.rstrip()))


def _if(condition: str, then: str, otherwise: str = "") -> str:
    other = f"{{%- else %}}\n{otherwise}\n" if otherwise else ""
    return f"{{%- if {condition} %}}\n{then}\n{other}{{%- endif %}}\n"


def _servers(what: str) -> str:
    return f"    {{%- for server in backend.servers %}}\n    {_SERVER} {what}\n    {_END}"


def _backend(name: str, lines: Iterable[str], servers: str) -> str:
    return f"backend {name}\n    log global\n{indented(lines)}\n{_servers(servers)}"


_END = "{%- endfor %}\n"
_OURS = "backend.ingress_deployment_name == 'Ingress' and backend.servers"
# Without a replica all goes to Ray's Python proxy, which keeps it until there is one: for a moment
# while the only one is reconfigured, and far too long where it died.
_WAITED_FOR = "backend.ingress_deployment_name == 'Ingress'"
_WAITING = indented(("timeout server 3s", NO_504, *none_there(_NAME)))
_CONTROL, _ALIVE, _LIVES = (f"{_NAME}-{one}" for one in ("control", "alive", "lives"))
_AGAIN = "{{ config.socket_path }}.{{ backends.index(backend) }}"
# A short one, since HAProxy takes paths of 97 bytes.
_NOBODY = "{{ config.socket_path }}.n"
# By the name of the fallback that Ray has in its place and expects in HAProxy's statistics.
_LAST = "{{ backend.fallback_server.name or 'again' }}"
_HEALTH = "/-/healthz"
_IS_READY = "{{ (backend.path_prefix or '').rstrip('/') }}/health/ready"
_PLACES = f"maxconn {CONCURRENCY}"
_ROUTES = f"""\
    use_backend {_CONTROL} if is_{_NAME} !METH_POST {{ nbsrv({_CONTROL}) gt 0 }}
    use_backend {_LIVES} if is_{_NAME} !METH_POST
    use_backend {_ALIVE} if is_{_NAME} {{ nbsrv({_CONTROL}) eq 0 }}"""
_READY = (
    indented((*ASKED_AGAIN, *checked(_HEALTH, _IS_READY), *too_many(_NAME)))
    + "\n"
    + _servers(
        f"{_PLACES} check {_OBSERVED} error-limit {{{{ config.observe_error_limit }}}} "
        "on-error mark-down{% endif %}"
    )
    + f"{last(_LAST, _AGAIN)}\n"
)
_MORE = (
    "\n".join(again(_AGAIN, _ALIVE))
    + "\n"
    + _backend(_CONTROL, (*ASKED_AGAIN, *QUICK), f"track {_NAME}/{{{{ server.name }}}}")
    + _backend(
        _LIVES,
        (*ASKED_AGAIN, *QUICK, *checked(_HEALTH, patient=True), *none_there(_LIVES)),
        "check",
    )
    + _backend(
        _ALIVE,
        (*ASKED_AGAIN, *too_many(_ALIVE), *none_there(_LIVES)),
        f"{_PLACES} track {_LIVES}/{{{{ server.name }}}} {CUT}",
    )
    + f"{last('nobody', _NOBODY)}\n"
)
