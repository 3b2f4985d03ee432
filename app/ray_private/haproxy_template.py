"""Ray's own HAProxy, with a limit to what is under way at a replica.

Ray 2.60 sends a replica whatever comes. At three times the load that a graph can carry its replicas
have no time left to answer, and not enough to refuse: of 500,000 requests nearly all were lost. Its
configuration is a template without a setting for this, so the template is what is changed.
"""

from types import ModuleType

from app.doors.haproxy_rules import CONCURRENCY, KEEP, indented, too_many

_NAME = "{{ backend.name or 'unknown' }}"
_SERVER = "server {{ server.name }} {{ server.host }}:{{ server.port }}"
_REQUESTS = f"    {_SERVER} check{{% if config.observe"
_GLOBAL = "    nbthread {{ config.nbthread }}\n"
_ROUTING = "    # Static routing based on path prefixes"
_BACKENDS = "{%- for item in backends_with_health_config %}\n"
_EACH = "{%- for backend in backends %}\n"
_END = "{%- endfor %}\n"


def limit(templates: ModuleType) -> None:
    """Change Ray's template; one of another shape, in another version, stays as it is."""
    template: str = getattr(templates, "HAPROXY_CONFIG_TEMPLATE", "")
    if all(part in template for part in (_GLOBAL, _REQUESTS, _ROUTING, _BACKENDS)):
        templates.HAPROXY_CONFIG_TEMPLATE = limited(template)  # type: ignore[attr-defined]


def limited(template: str) -> str:
    """Ray's template with places for requests at each server, and what is more refused. Sockets
    have a backend of their own, since one lasts and must not take the place of requests."""
    rules = indented(too_many(_NAME, f"is_{_NAME}"))
    sockets = f"    use_backend {_NAME}-sockets if is_{_NAME} {{ req.hdr(upgrade) -i websocket }}\n"
    for old, new in (
        (_GLOBAL, f"{_GLOBAL}{indented(KEEP)}\n"),
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
