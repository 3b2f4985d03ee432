"""Ray's own HAProxy, on the address that ``http_options.host`` names, and its replicas there.

**Why.** Ray 2.60 takes ``::`` for all interfaces of IPv4 alone, and asks the replicas of its own
node at 127.0.0.1 wherever they listen: with any other host than these two there is no service.
**To see it.** With ``::`` plain Ray does not answer at ::1; with ``::1`` it answers 503.
**When Ray mends it.** Its template has no line for ``test_haproxy_hosts.py`` to find changed:
delete this file.
"""

_BINDS = (
    "{{ config.frontend_host }}:{{ config.frontend_port }}",
    "{{ config.grpc_frontend_host }}:{{ config.grpc_frontend_port }}",
)
_HOST = "config.http_options.host"
_EVERYWHERE = f"{_HOST} == '::'"
_OWN = f"{_HOST} and {_HOST} not in ('0.0.0.0', '::', 'localhost')"
_SERVERS = ("server", "backend.fallback_server")
# gRPC is listened for on all interfaces, whatever the host.
_GRPC = " proto h2"


def reachable(template: str) -> str:
    """Ray's template with hosts as HAProxy takes them, and replicas asked where they listen."""
    for bind in _BINDS:
        host, _, port = bind.rpartition(":")
        template = template.replace(
            f"bind {bind}",
            f"bind {{% if {_EVERYWHERE} %}}[::]:{port} v4v6"
            f"{{% elif ':' in ({_HOST} or '') %}}[{host}]:{port}{{% else %}}{bind}{{% endif %}}",
        )
    for server in _SERVERS:
        at = f"{{{{ {server}.host }}}}:{{{{ {server}.port }}}}"
        local = f"{server}.host in ('127.0.0.1', '::1') and {_OWN}"
        asked = f"{{{{ {_HOST} if {local} else {server}.host }}}}:{{{{ {server}.port }}}}"
        lines = template.split(at)
        template = lines[0] + "".join(
            (at if rest.startswith(_GRPC) else asked) + rest for rest in lines[1:]
        )
    return template
