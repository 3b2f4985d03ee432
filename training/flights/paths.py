"""Where the training steps read and write, relative to the checkout."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FEATURE_REPO = ROOT / "feature_repo"
DATA = FEATURE_REPO / "data"
FLIGHTS = DATA / "flights.parquet"
TRAINING_SET = DATA / "training.parquet"
MODELS = ROOT / "models"
