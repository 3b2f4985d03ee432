"""Indices side by side: int64 [N, C]."""

from collections.abc import Mapping, Sequence

import numpy as np

from deployments.columns import Column
from deployments.frames import Inputs
from deployments.preprocess.base import Index
from deployments.preprocess.forms.form import Form, Unseen, add, coder_of, unreadable
from deployments.preprocess.spec import CategoricalInput
from deployments.preprocess.state import Fitted


class Categories(Form):
    """Each step's index, in a column of its own."""

    def __init__(self, name: str, spec: CategoricalInput, fitted: Sequence[Fitted]) -> None:
        self._name = name
        self._squeeze = spec.squeeze
        self.names = [step.column for step in spec.categorical]
        coders = [coder_of(*both) for both in zip(spec.categorical, fitted, strict=True)]
        self._coders = list(zip(self.names, coders, strict=True))
        self.indices = [
            Index(name, None if spec.squeeze else place, column, coder.size)
            for place, (column, coder) in enumerate(self._coders)
        ]

    def make(self, columns: Mapping[str, Column], rows: int, unseen: Unseen) -> Inputs:
        made = np.empty((rows, len(self._coders)), dtype=np.int64)
        for place, (column, coder) in enumerate(self._coders):
            try:
                made[:, place], new = coder.encode(columns[column])
            except ValueError as error:
                raise unreadable(column) from error
            if new is not None:
                add(unseen, column, new)
        return {self._name: made[:, 0] if self._squeeze else made}
