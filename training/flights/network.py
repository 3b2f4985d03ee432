"""The network: small MLPs with embeddings, averaged and calibrated inside one module."""

from collections.abc import Sequence
from copy import deepcopy
from itertools import accumulate

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_linear_bn_eval

KNOTS = 8
OUTERMOST_KNOT = 2.0
EMBEDDING_WIDTH = 6
HIDDEN = (128, 64)
DROPOUT = 0.2
EMBEDDING_DROPOUT = 0.1


class Hinges(nn.Module):
    """Numbers, and how far each of `columns` lies beyond each of a row of knots (0 to 1).

    A straight line through a number cannot bend where a tree would split it; sums of hinges
    can. The columns are about standard normal, so fixed knots serve them all.
    """

    knots: Tensor
    columns: Tensor

    def __init__(self, columns: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("columns", torch.tensor(columns))
        self.register_buffer("knots", torch.linspace(-OUTERMOST_KNOT, OUTERMOST_KNOT, KNOTS))

    def width(self, numeric: int) -> int:
        """Columns out for `numeric` columns in."""
        return numeric + len(self.columns) * KNOTS

    def forward(self, numeric: Tensor) -> Tensor:
        """float32 [N, F] -> float32 [N, width(F)]."""
        beyond = numeric.index_select(1, self.columns).unsqueeze(2) - self.knots
        return torch.cat([numeric, beyond.clamp(0.0, 1.0).flatten(1)], dim=1)


class Member(nn.Module):
    """One MLP over hinged numbers and embedded categories.

    All embeddings share one table; `offsets` says where each column's rows begin.
    """

    offsets: Tensor
    embedding_dropout: nn.Module

    def __init__(self, width: int, cardinalities: Sequence[int]) -> None:
        super().__init__()
        starts = list(accumulate(cardinalities, initial=0))
        self.register_buffer("offsets", torch.tensor(starts[:-1]))
        self.embedding = nn.Embedding(starts[-1], EMBEDDING_WIDTH)
        nn.init.normal_(self.embedding.weight, std=0.05)
        self.embedding_dropout = nn.Dropout(EMBEDDING_DROPOUT)
        width += EMBEDDING_WIDTH * len(cardinalities)
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

    def forward(self, hinged: Tensor, categorical: Tensor) -> Tensor:
        """Logits float32 [N] of hinged float32 [N, width] and categorical int64 [N, C]."""
        embedded = self.embedding_dropout(self.embedding(categorical + self.offsets)).flatten(1)
        logits: Tensor = self.layers(torch.cat([hinged, embedded], dim=1))
        return logits.squeeze(1)


class Ensemble(nn.Module):
    """The mean logit of the members, calibrated: `sigmoid(slope * logit + intercept)`."""

    slope: Tensor
    intercept: Tensor

    def __init__(self, hinges: Hinges, members: Sequence[Member]) -> None:
        super().__init__()
        self.hinges = hinges
        self.members = nn.ModuleList(members)
        self.register_buffer("slope", torch.tensor(1.0))
        self.register_buffer("intercept", torch.tensor(0.0))

    def logits(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        """Uncalibrated logits, float32 [N]."""
        hinged = self.hinges(numeric)
        return torch.stack([member(hinged, categorical) for member in self.members]).mean(0)

    def calibrate(self, slope: float, intercept: float) -> None:
        """Set the calibration of the mean logit."""
        self.slope.fill_(slope)
        self.intercept.fill_(intercept)

    def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        """Probability of being late, float32 [N]."""
        return torch.sigmoid(self.slope * self.logits(numeric, categorical) + self.intercept)


def for_serving(ensemble: Ensemble) -> Ensemble:
    """A copy that answers the same with fewer steps: batch norms lie in the weights before them,
    and dropouts are gone. For one row a step costs as much as its arithmetic."""
    served = deepcopy(ensemble).eval()
    for member in served.members:
        assert isinstance(member, Member)
        member.embedding_dropout = nn.Identity()
        layers = [layer for layer in member.layers if not isinstance(layer, nn.Dropout)]
        fused = [
            fuse_linear_bn_eval(layer, following)
            if isinstance(layer, nn.Linear) and isinstance(following, nn.BatchNorm1d)
            else layer
            for layer, following in zip(layers, [*layers[1:], None], strict=True)
            if not isinstance(layer, nn.BatchNorm1d)
        ]
        member.layers = nn.Sequential(*fused)
    return served
