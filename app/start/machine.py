"""What this machine has, as Ray would count it."""

import os

import torch


def this_machine() -> dict[str, float]:
    """Its resources by Ray's names."""
    return {"CPU": float(os.cpu_count() or 1), "GPU": float(torch.cuda.device_count())}
