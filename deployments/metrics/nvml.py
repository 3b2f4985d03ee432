"""How busy a GPU is, as NVIDIA's own library says, which comes with the driver
(https://docs.nvidia.com/deploy/nvml-api/)."""

import ctypes
from functools import cache
from typing import NamedTuple

_SUCCESS = 0


class Gpu(NamedTuple):
    """A GPU of this machine: its number, and the share of the last moment, 0 to 1, in which it was
    busy; None where that is not known, as of a part of one (MIG)."""

    number: int
    busy: float | None


class _Utilization(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


def gpu(uuid: str) -> Gpu | None:
    """The GPU with this UUID, with or without `GPU-` before it; None where there is no driver, or
    no such GPU."""
    library = _library()
    if library is None:
        return None
    device, index = ctypes.c_void_p(), ctypes.c_uint()
    full = uuid if uuid.startswith("GPU-") else f"GPU-{uuid}"
    if (
        library.nvmlDeviceGetHandleByUUID(full.encode(), ctypes.byref(device)) != _SUCCESS
        or library.nvmlDeviceGetIndex(device, ctypes.byref(index)) != _SUCCESS
    ):
        return None
    used = _Utilization()
    known = library.nvmlDeviceGetUtilizationRates(device, ctypes.byref(used)) == _SUCCESS
    return Gpu(index.value, used.gpu / 100 if known else None)


@cache
def _library() -> ctypes.CDLL | None:
    """None where there is none: then there is no driver."""
    try:
        library = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    return library if library.nvmlInit_v2() == _SUCCESS else None
