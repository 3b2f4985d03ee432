"""The network: small MLPs with embeddings, averaged and calibrated inside one module."""

from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor, nn

EMBEDDING_WIDTH = 6
HIDDEN = (128, 64)
DROPOUT = 0.2
EMBEDDING_DROPOUT = 0.1


class Member(nn.Module):
    """One MLP. `forward(numeric float32 [N, F], categorical int64 [N, C])` -> logits [N].

    All embeddings share one table; `offsets` says where each column's rows begin.
    """

    offsets: Tensor

    def __init__(self, numeric: int, cardinalities: Sequence[int]) -> None:
        super().__init__()
        starts = list(accumulate(cardinalities, initial=0))
        self.register_buffer("offsets", torch.tensor(starts[:-1]))
        self.embedding = nn.Embedding(starts[-1], EMBEDDING_WIDTH)
        nn.init.normal_(self.embedding.weight, std=0.05)
        self.embedding_dropout = nn.Dropout(EMBEDDING_DROPOUT)
        width = numeric + EMBEDDING_WIDTH * len(cardinalities)
        layers: list[nn.Module] = []
        for hidden in HIDDEN:
            layers += [
                nn.Linear(width, hidden),
                nn.BatchNorm1d(hidden),
                nn.SiLU(),
                nn.Dropout(DROPOUT),
            ]
            width = hidden
        self.layers = nn.Sequential(*layers, nn.Linear(width, 1))

    def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        """Logits, float32 [N]."""
        embedded = self.embedding_dropout(self.embedding(categorical + self.offsets)).flatten(1)
        return self.layers(torch.cat([numeric, embedded], dim=1)).squeeze(1)


class Ensemble(nn.Module):
    """The mean logit of the members, calibrated: `sigmoid(slope * logit + intercept)`."""

    slope: Tensor
    intercept: Tensor

    def __init__(self, members: Sequence[Member]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.register_buffer("slope", torch.tensor(1.0))
        self.register_buffer("intercept", torch.tensor(0.0))

    def logits(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        """Uncalibrated logits, float32 [N]."""
        return torch.stack([member(numeric, categorical) for member in self.members]).mean(0)

    def calibrate(self, slope: float, intercept: float) -> None:
        """Set the calibration of the mean logit."""
        self.slope.fill_(slope)
        self.intercept.fill_(intercept)

    def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        """Probability of being late, float32 [N]."""
        return torch.sigmoid(self.slope * self.logits(numeric, categorical) + self.intercept)
