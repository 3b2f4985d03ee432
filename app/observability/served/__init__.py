"""Rows as they were served, kept for who looks at them later: what the skew check joins again, and
what goes to the destination of a feature service's logs."""
