"""The drafts of ``bundle.yaml`` and ``serve_config.yaml``: only what differs from the defaults."""

from collections.abc import Mapping
from typing import Any

from training.bundling.init.text import flow

_SERVE = """\
# What differs from the defaults. Every setting, with its reason, is in Windsock's own
# serve_config.yaml; relative paths start in this folder.
http_options: {{host: 127.0.0.1, port: 8000, request_timeout_s: 120, keep_alive_timeout_s: 90}}
grpc_options:                         # the Open Inference Protocol
  port: 9000
  grpc_servicer_functions:
    - app.protocols.oip.grpc_service.add_to_server
    - app.protocols.health.grpc_service.add_to_server
  request_timeout_s: 35
logging_config: {{enable_access_log: false}}

applications:
  - name: {name}
    route_prefix: /
    import_path: app.graph:build
    args:
      model: {model}
      feature_store: {store}
      fast_lane: {{host: 127.0.0.1, port: 8001}}
"""


def bundle_text(options: Mapping[str, Any]) -> str:
    """The file, of the options that are set."""
    lines = [f"{name}: {flow(value)}" for name, value in options.items() if value is not None]
    return "# What `windsock bundle` takes; relative paths start in this folder.\n" + "\n".join(
        [*lines, ""]
    )


def serve_text(name: str, repo: str, store_yaml: str | None) -> str:
    """The file, for a model of this name in ``models/``."""
    store = {"repo": repo} | ({"yaml": store_yaml} if store_yaml else {})
    return _SERVE.format(name=flow(name), model=flow({"name": name}), store=flow(store))
