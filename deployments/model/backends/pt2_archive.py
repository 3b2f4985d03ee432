"""What a file of ``torch.export.save`` tells of how it came to be, without loading it."""

import io
import re
import zipfile
from pathlib import Path
from typing import NamedTuple

_DEVICE = re.compile(rb'"(?:as_)?device": ?\{"type": ?"(\w+)"')
_VERSION = re.compile(rb'"torch_version": ?"([^"]+)"')


class Origin(NamedTuple):
    """The version of torch that wrote a program, "" where it does not say, and the device, other
    than the CPU, that its tensors lay on, None for none."""

    torch: str
    device: str | None


def file_of(program: Path | bytes) -> str | io.BytesIO:
    """A program's file, or its content, as torch and zipfile open it."""
    return io.BytesIO(program) if isinstance(program, bytes) else str(program)


def origin(program: Path | bytes) -> Origin | None:
    """Where a program comes from; None of a file, or its content, that is no archive."""
    if not zipfile.is_zipfile(file_of(program)):
        return None
    with zipfile.ZipFile(file_of(program)) as archive:
        documents = [archive.read(name) for name in archive.namelist() if name.endswith(".json")]
    devices = {found.decode() for text in documents for found in _DEVICE.findall(text)}
    versions = [found.decode() for text in documents for found in _VERSION.findall(text)]
    return Origin(next(iter(versions), ""), min(devices - {"cpu", "meta"}, default=None))
