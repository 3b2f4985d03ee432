"""Predictions joined with their outcomes, and how well the one went with the other."""
