"""Alerts, declared with the catalogue's metrics: each says what it means and leads to its walk in
docs/operations.md."""
