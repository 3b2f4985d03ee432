"""The heart: rows of a contract in, answers out, in micro-batches; it knows no transport."""
