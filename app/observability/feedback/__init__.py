"""Outcomes that clients send: whether predictions came true."""
