"""The second door: each ingress replica also listens itself, past Ray's proxies."""
