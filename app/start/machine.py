"""What this machine has, as Ray would count it."""

import os

from app.ray_private.gpus import gpus


def this_machine() -> dict[str, float]:
    """Its resources by Ray's names."""
    return {"CPU": float(os.cpu_count() or 1), "GPU": float(gpus())}
