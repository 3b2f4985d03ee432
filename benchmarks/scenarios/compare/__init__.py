"""Windsock beside other ways to serve the same model: the same work, measured in one run."""
