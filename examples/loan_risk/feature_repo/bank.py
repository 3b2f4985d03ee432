"""What a bank knows of who asks for a loan, as Feast sees it."""

from datetime import timedelta
from pathlib import Path

from feast import Entity, FeatureService, FeatureView, Field, FileSource, ValueType
from feast.types import Float64, Int64, String

# Feast's DuckDB engine resolves a relative path against the working directory, not the repo.
DATA = Path(__file__).resolve().parents[1] / "data"

applicant = Entity(name="applicant", join_keys=["applicant_id"], value_type=ValueType.STRING)

account = FeatureView(
    name="account",
    description="The applicant's account; every month",
    entities=[applicant],
    ttl=timedelta(days=62),
    schema=[
        Field(name="applicant_id", dtype=String),
        Field(name="income", dtype=Float64),
        Field(name="open_loans", dtype=Int64),
        Field(name="late_payments", dtype=Int64),
        Field(name="employment", dtype=String),
    ],
    source=FileSource(
        name="account", path=str(DATA / "account.parquet"), timestamp_field="event_timestamp"
    ),
)

loan_v1 = FeatureService(
    name="loan_v1", description="What is known of a loan when it is asked for", features=[account]
)
