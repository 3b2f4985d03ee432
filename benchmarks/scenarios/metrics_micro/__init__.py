"""What it costs to count: of a request, of a batch, and of telling Ray."""
