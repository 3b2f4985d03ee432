"""Whole starts of `windsock up`, beside the suite: `make test-starts`."""
