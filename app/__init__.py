"""The edge of the graph and its wiring."""
