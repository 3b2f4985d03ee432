"""A line of JSON for each request that is sampled or fails."""
