"""Who asks, and how that is known: API keys, tokens of an OIDC issuer, tickets for sockets."""
