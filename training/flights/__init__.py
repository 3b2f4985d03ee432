"""The shipped model: the risk that a flight out of New York arrives late."""
