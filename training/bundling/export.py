"""A torch module as a program file."""

from pathlib import Path

import torch

from deployments.preprocess.declared import DeclaredPreprocessor


def export_program(module: torch.nn.Module, preprocessor: DeclaredPreprocessor, path: Path) -> Path:
    """Write ``module(numeric float32 [N, F], categorical int64 [N, C])``, exported with N dynamic,
    to ``path`` (.pt2), and return it."""
    rows = torch.export.Dim("rows", min=1)
    numeric = torch.zeros(2, len(preprocessor.numeric_names))
    categorical = torch.zeros(2, len(preprocessor.categorical_names), dtype=torch.int64)
    with torch.no_grad():
        program = torch.export.export(
            module.eval(), (numeric, categorical), dynamic_shapes=({0: rows}, {0: rows})
        )
    torch.export.save(program, path)
    return path
