"""Two towers: a vector of a person, one of a film, and how near they are."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, normalize

from deployments.frames import Inputs

STEPS = 80
VECTOR = 8


class TwoTowers(nn.Module):
    """The chance that somebody likes a film, float32 [N], and the vector of each, [N, 8]."""

    def __init__(self, person: int, genres: int, film: int, studios: int) -> None:
        super().__init__()
        self.person = _tower(person + genres)
        self.studios = nn.Embedding(studios, 4)
        self.film = _tower(film + 4)
        self.scale = nn.Parameter(torch.tensor([4.0, 0.0]))

    def towers(
        self, person: Tensor, follows: Tensor, film: Tensor, studio: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Both vectors, and the logit."""
        ours = normalize(self.person(torch.cat([person, follows], dim=1)), dim=1)
        theirs = normalize(self.film(torch.cat([film, self.studios(studio)], dim=1)), dim=1)
        return ours, theirs, (ours * theirs).sum(dim=1) * self.scale[0] + self.scale[1]

    def forward(
        self, person: Tensor, follows: Tensor, film: Tensor, studio: Tensor
    ) -> dict[str, Tensor]:
        ours, theirs, logit = self.towers(person, follows, film, studio)
        return {"chance": torch.sigmoid(logit), "person_vector": ours, "film_vector": theirs}


def _tower(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, 32), nn.ReLU(), nn.Linear(32, VECTOR))


def train(inputs: Inputs, studios: int, labels: np.ndarray) -> TwoTowers:
    """Fit the network, the same at every run."""
    given = {name: torch.from_numpy(values) for name, values in inputs.items()}
    wanted = torch.from_numpy(labels)
    torch.set_num_threads(1)  # threads cost so small a network more than they bring
    torch.manual_seed(3)
    person, follows, film = (given[name].shape[1] for name in ("person", "follows", "film"))
    network = TwoTowers(person, follows, film, studios)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(STEPS):
        loss = binary_cross_entropy_with_logits(network.towers(**given)[2], wanted)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return network.eval()
