"""Builds everything that `windsock up examples/loan_risk/serve_config.yaml` needs.

Run as `python -m examples.loan_risk.build`: tables, Feast registry, online store, training set,
pipeline, bundle. A few seconds.
"""

import argparse
from pathlib import Path

from examples.loan_risk.pipeline import fit, write
from examples.loan_risk.tables import AS_OF, accounts, loans, risks
from examples.repos import apply, join, materialize
from training.bundling.bundle import bundle
from training.bundling.bundle_file import described

HERE = Path(__file__).resolve().parent
SERVICE = "loan_v1"


def build(home: Path) -> Path:
    """Build the example that lies in ``home`` and return its bundle."""
    data = home / "data"
    data.mkdir(exist_ok=True)
    # DuckDB reads zoned instants in nanoseconds as text.
    accounts().to_parquet(data / "account.parquet", index=False, coerce_timestamps="us")

    store = apply(home / "feature_repo")
    materialize(store, AS_OF)
    joined = join(store, SERVICE, loans())
    joined.to_parquet(data / "training.parquet", index=False)

    write(fit(joined, risks(joined)), data)
    return bundle(**described(home / "bundle.yaml", {}))


def main() -> None:
    """The command line."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(build(HERE))
    print("serve it: windsock up examples/loan_risk/serve_config.yaml")


if __name__ == "__main__":
    main()
