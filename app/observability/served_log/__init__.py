"""Feast's own logging of served features: where a feature service has a ``LoggingConfig``, rows go
to its destination, sampled as it says, aside."""
