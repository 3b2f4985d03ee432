"""Translators between wire protocols and the dataplane; they know nothing of stages."""
