"""Spans of sampled requests, for a collector of OpenTelemetry."""
