"""The gRPC half of Ray's HAProxy: what is asked goes where HTTP would.

**Why.** As for HTTP (``haproxy_template.py``): a replica that hangs is known after 10 s, and what
it holds stays there. A replica answers both in one event loop, so HTTP's checks tell of it.
**To see it.** ``python tests/ray/ingress_hangs.py``
**When Ray mends it.** With ``haproxy_template.py``.
"""

from app.doors.haproxy_rules import AWAY, GRPC_TYPE, UNKNOWN, indented

_NAME = "{{ backend.name or 'unknown' }}"
_SERVER = "server {{ server.name }} {{ server.host }}:{{ server.port }} proto h2"
_ROUTE = f"""\
    use_backend {_NAME} if is_{_NAME}
{{%- endfor %}}
{{%- if grpc_backends|length == 1 %}}
"""
_NONE = """\
{%- if grpc_backends|length != 1 %}
backend default_grpc_backend
    mode http
    log global
"""
_BACKENDS = "{%- for item in grpc_backends_with_health_config %}\n"
_CHECK = """\
    # gRPC health check: replay a complete unary `Healthz` request via
    # `tcp-check send-binary` and match the healthy message in the response.
    # `http-check` can't be used because its body is truncated at the first NUL
    # byte and a gRPC frame always starts with the NUL compression flag, so the
    # server would get a message-less unary and stall until timeout.
    option tcp-check
"""
_FALLBACK = f"""\
    {_SERVER.replace("server.", "backend.fallback_server.")} check backup
    {{%- endif %}}
"""
PARTS = (_ROUTE, _NONE, _BACKENDS, _CHECK, _FALLBACK)
"""Of Ray's template, what is changed."""


def mended_grpc(template: str) -> str:
    """The template with two backends for each application of ours that has replicas: those that
    are ready, as HTTP's checks have it, and where none is, those that are alive."""
    before, there, after = template.partition(_BACKENDS)
    assert there, _BACKENDS
    for old, new in (
        (_ROUTE, _ROUTES),
        (
            _NONE,
            f"{_NONE}{{%- if not grpc_backends %}}\n    {_says(UNKNOWN.message)}\n{{%- endif %}}\n",
        ),
    ):
        assert old in before, old
        before = before.replace(old, new, 1)
    for old, new in (
        (_CHECK, f"    {{%- if {_TWINS} %}}\n{_READY}    {{%- else %}}\n{_CHECK}"),
        (_FALLBACK, f"{_FALLBACK}{_WAITING}    {{%- endif %}}\n"),
    ):
        assert old in after, old
        after = after.replace(old, new, 1)
    return f"{before}{_MORE}{there}{after}"


def _says(message: str, condition: str = "") -> str:
    return (
        f'http-request return status 200 hdr grpc-status 14 hdr grpc-message "{message}"{condition}'
        f"\n    {GRPC_TYPE}"
    )


_ASKED_AGAIN = ("timeout connect 1s", "retries 2", "retry-on conn-failure empty-response")
# The backend for HTTP of the same application, and whether it has all of these replicas.
_OURS = "backend.ingress_deployment_name == 'Ingress'"
_TWIN = "(backends | selectattr('app_name', 'equalto', backend.app_name) | first)"
_OTHERS = (
    f"backend.servers | rejectattr('name', 'in', {_TWIN}.servers | map(attribute='name') | list)"
)
_TWINS = f"{_OURS} and backend.servers and {_TWIN} and not ({_OTHERS} | list)"
_ALIVE = f"{_NAME}-alive"
_ROUTES = f"""\
{{%- if {_TWINS} %}}
    use_backend {_ALIVE} if is_{_NAME} {{ nbsrv({_NAME}) eq 0 }}
    {{%- if grpc_backends|length == 1 %}}
    use_backend {_ALIVE} if {{ nbsrv({_NAME}) eq 0 }}
    {{%- endif %}}
{{%- endif %}}
{_ROUTE}"""


def _servers(name: str, twin: str) -> str:
    gone = _says(AWAY.message, f" if {{ nbsrv({name}) eq 0 }}")
    return f"""\
{indented((*_ASKED_AGAIN, gone))}
    {{%- for server in backend.servers %}}
    {_SERVER} track {twin}/{{{{ server.name }}}} on-marked-down shutdown-sessions
    {{%- endfor %}}
"""


_READY = _servers(_NAME, f"{{{{ {_TWIN}.name }}}}")
_MORE = f"""\
{{%- for backend in grpc_backends if {_TWINS} %}}
backend {_ALIVE}
    mode http
    log global
    http-reuse always
{_servers(_ALIVE, f"{{{{ {_TWIN}.name }}}}-lives")}
{{%- endfor %}}
"""
_WAITING = f"""\
    {{%- if {_OURS} %}}
    timeout server 3s
    {_says(AWAY.message, f" if {{ nbsrv({_NAME}) eq 0 }}")}
    {{%- endif %}}
"""
