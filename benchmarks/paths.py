"""Where things lie."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "serve_config.yaml"
FLIGHTS = ROOT / "feature_repo" / "data" / "flights.parquet"
RESULTS = ROOT / "benchmarks" / "results"
PUBLISHED = ROOT / "docs" / "performance"
CACHE = ROOT / ".bench"
"""What is built or installed for benchmarks, and kept between runs."""
