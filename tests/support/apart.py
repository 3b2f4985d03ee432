"""Ports of its own for what a test starts, or only asks about."""

from random import choice

from app.start.environment import second_cluster


def apart() -> dict[str, str]:
    """The environment of a cluster that meets no other, and guards nothing."""
    return {**second_cluster(choice(range(11_000, 17_000))), "RAY_AUTH_MODE": "disabled"}
