"""The bundle command."""

from training.writer import export_program, write_bundle

__all__ = ["export_program", "write_bundle"]
