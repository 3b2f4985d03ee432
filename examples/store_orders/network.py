"""A small network with two answers: a number per order, and a row of four."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from deployments.columns import Column
from deployments.preprocess.declared import DeclaredPreprocessor

STEPS = 40


class OrderNetwork(nn.Module):
    """Return probability [N] and the probabilities of four delivery times [N, 4]."""

    def __init__(self, numeric: int, cardinalities: list[int]) -> None:
        super().__init__()
        self.embeddings = nn.ModuleList(nn.Embedding(size, 4) for size in cardinalities)
        self.trunk = nn.Sequential(nn.Linear(numeric + 4 * len(cardinalities), 32), nn.ReLU())
        self.returned = nn.Linear(32, 1)
        self.days = nn.Linear(32, 4)

    def logits(self, numeric: Tensor, categorical: Tensor) -> tuple[Tensor, Tensor]:
        """Before sigmoid and softmax."""
        embedded = [embed(categorical[:, place]) for place, embed in enumerate(self.embeddings)]
        hidden = self.trunk(torch.cat([numeric, *embedded], dim=1))
        return self.returned(hidden).squeeze(1), self.days(hidden)

    def forward(self, numeric: Tensor, categorical: Tensor) -> tuple[Tensor, Tensor]:
        returned, days = self.logits(numeric, categorical)
        return torch.sigmoid(returned), torch.softmax(days, dim=1)


def train(preprocessor: DeclaredPreprocessor, columns: dict[str, Column]) -> OrderNetwork:
    """Fit the network to labels made up from the features, the same at every run."""
    numeric, categorical = map(torch.from_numpy, preprocessor.transform(columns).values())
    returned, days = map(torch.from_numpy, _labels(columns))
    torch.set_num_threads(1)  # threads cost so small a network more than they bring
    torch.manual_seed(3)
    network = OrderNetwork(numeric.shape[1], preprocessor.cardinalities)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(STEPS):
        returned_logits, days_logits = network.logits(numeric, categorical)
        loss = binary_cross_entropy_with_logits(returned_logits, returned)
        loss = loss + cross_entropy(days_logits, days)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval()


def _labels(columns: dict[str, Column]) -> tuple[np.ndarray, np.ndarray]:
    """Whether each order came back (float32 [N]), and its delivery time (int64 [N], 0 to 3)."""
    rng = np.random.default_rng(9)
    habit = np.nan_to_num(columns["buyer__returned_share"], nan=0.15)
    returned = rng.random(len(habit)) < habit + 0.1 * (np.array(columns["quantity"].tolist()) > 4)
    slow = 8 * columns["store_recent__late_share"] - 2 * columns["express"]
    days = np.clip(np.round(slow + rng.normal(0, 0.5, len(slow))), 0, 3)
    return returned.astype(np.float32), days.astype(np.int64)
