"""``serve run``, with less memory in the processes that it starts.

python -m app.serve serve_config.yaml
"""

import json
import sys

from deployments.absent import absent


def import_serve() -> None:
    """Import Ray Serve without pandas, which it takes only to turn data frames into JSON: 70 MB
    in each of its processes."""
    with absent("pandas"):
        import ray.serve  # noqa: F401


def main(config: str) -> None:
    """Serve until interrupted."""
    import_serve()
    from ray.serve.scripts import cli

    in_workers = {"worker_process_setup_hook": f"app.serve.{import_serve.__name__}"}
    cli(["run", config, "--runtime-env-json", json.dumps(in_workers)])


if __name__ == "__main__":
    main(*sys.argv[1:])
