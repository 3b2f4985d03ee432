"""How much a principal may ask for: token buckets, and quota that replicas lease from Redis."""
