"""How much an HAProxy, Ray's or the front, lets one ingress replica have under way."""

# As many as a batch takes, so that a full one waits while another computes. With twice as many a
# replica of the collapsed layout begins to refuse by itself, which is what this is to spare it.
CONCURRENCY = 256
"""Requests under way at one ingress replica, past which others are refused."""
