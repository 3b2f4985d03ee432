"""All that rests on Ray's private shape, a file for each fault of Ray that it mends."""
