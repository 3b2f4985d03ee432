"""Dashboards, declared with the catalogue's metrics: for Grafana, and for the page that draws the
same JSON without it."""
