"""Builds everything that `windsock up examples/two_towers/serve_config.yaml` needs.

Run as `python -m examples.two_towers.build`: tables, Feast registry, online store, training set,
model, bundle. A few seconds.
"""

import argparse
from pathlib import Path

from examples.preparing import fitted
from examples.repos import apply, join, materialize
from examples.two_towers.network import train
from examples.two_towers.tables import AS_OF, liked, pairs, tables
from training.bundling.bundle import bundle
from training.bundling.bundle_file import described
from training.bundling.export import export_program

HERE = Path(__file__).resolve().parent
SERVICE = "two_towers_v1"


def build(home: Path) -> Path:
    """Build the example that lies in ``home`` and return its bundle."""
    data = home / "data"
    data.mkdir(exist_ok=True)
    for name, table in tables().items():
        # DuckDB reads zoned instants in nanoseconds as text.
        table.to_parquet(data / f"{name}.parquet", index=False, coerce_timestamps="us")

    store = apply(home / "feature_repo")
    materialize(store, AS_OF)
    joined = join(store, SERVICE, pairs())
    joined.to_parquet(data / "training.parquet", index=False)

    preprocessor, columns = fitted(home, store, SERVICE, joined)
    inputs = preprocessor.transform(columns)
    (studio,) = preprocessor.indices
    export_program(train(inputs, studio.size, liked(joined)), inputs, data / "model.pt2")
    return bundle(**described(home / "bundle.yaml", {}))


def main() -> None:
    """The command line."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(build(HERE))
    print("serve it: windsock up examples/two_towers/serve_config.yaml")


if __name__ == "__main__":
    main()
