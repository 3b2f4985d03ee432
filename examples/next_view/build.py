"""Builds everything that `windsock up examples/next_view/serve_config.yaml` needs.

Run as `python -m examples.next_view.build`: table, Feast registry, online store, training set,
model, bundle. A few seconds.
"""

import argparse
from pathlib import Path

from examples.next_view.network import train
from examples.next_view.tables import AS_OF, moments, next_categories, visits
from examples.preparing import fitted
from examples.repos import apply, join, materialize
from training.bundling.bundle import bundle
from training.bundling.bundle_file import described
from training.bundling.export import export_program

HERE = Path(__file__).resolve().parent
SERVICE = "next_view_v1"
RAGGED = dict.fromkeys(["viewed", "viewed_mask", "seconds"], "views")
"""The inputs [N, L] of any length, which is one."""


def build(home: Path) -> Path:
    """Build the example that lies in ``home`` and return its bundle."""
    data = home / "data"
    data.mkdir(exist_ok=True)
    # DuckDB reads zoned instants in nanoseconds as text.
    visits().to_parquet(data / "visit.parquet", index=False, coerce_timestamps="us")

    store = apply(home / "feature_repo")
    materialize(store, AS_OF)
    joined = join(store, SERVICE, moments())
    joined.to_parquet(data / "training.parquet", index=False)

    preprocessor, columns = fitted(home, store, SERVICE, joined, {"cart": "array<int64>"})
    inputs = preprocessor.transform(columns)
    sizes = {index.input: index.size for index in preprocessor.indices}
    network = train(inputs, sizes, next_categories(joined))
    export_program(network, inputs, data / "model.pt2", ragged=RAGGED)
    return bundle(**described(home / "bundle.yaml", {}))


def main() -> None:
    """The command line."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(build(HERE))
    print("serve it: windsock up examples/next_view/serve_config.yaml")


if __name__ == "__main__":
    main()
