"""Attention over the views of a visit, however many they are."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from deployments.frames import Inputs

STEPS = 60
WIDTH = 16


class NextView(nn.Module):
    """The most likely category, int64 [N], and the probability of each, float32 [N, 4]."""

    def __init__(self, products: int, carts: int, visitor: int, categories: int) -> None:
        super().__init__()
        self.products = nn.Embedding(products, WIDTH, padding_idx=0)
        self.carts = nn.EmbeddingBag(carts, WIDTH, mode="sum", padding_idx=0)
        self.seconds = nn.Linear(1, WIDTH)
        self.attention = nn.Linear(WIDTH + 1, 1)
        self.head = nn.Linear(2 * WIDTH + visitor, categories)

    def logits(
        self, viewed: Tensor, viewed_mask: Tensor, seconds: Tensor, cart: Tensor, visitor: Tensor
    ) -> Tensor:
        """Before the softmax."""
        views = self.products(viewed) + self.seconds(seconds[:, :, None])
        after = viewed_mask.flip(1).cumsum(1).flip(1)  # how many views are left, this one included
        recent = 1 / after.clamp(min=1)
        attention = self.attention(torch.cat([views, recent[:, :, None]], dim=2))[:, :, 0]
        weights = torch.softmax(attention.masked_fill(~viewed_mask, -1e9), dim=1) * viewed_mask
        pooled = (weights[:, :, None] * views).sum(dim=1)
        logits: Tensor = self.head(torch.cat([pooled, self.carts(cart), visitor], dim=1))
        return logits

    def forward(
        self, viewed: Tensor, viewed_mask: Tensor, seconds: Tensor, cart: Tensor, visitor: Tensor
    ) -> dict[str, Tensor]:
        logits = self.logits(viewed, viewed_mask, seconds, cart, visitor)
        return {"next_category": logits.argmax(dim=1), "scores": torch.softmax(logits, dim=1)}


def train(inputs: Inputs, sizes: dict[str, int], labels: np.ndarray) -> NextView:
    """Fit the network, the same at every run; ``sizes`` are the numbers of indices by input."""
    given = {name: torch.from_numpy(values) for name, values in inputs.items()}
    wanted = torch.from_numpy(labels)
    torch.set_num_threads(1)  # threads cost so small a network more than they bring
    torch.manual_seed(3)
    visitor = given["visitor"].shape[1]
    categories = one_hot(wanted).shape[1]
    network = NextView(sizes["viewed"], sizes["cart"], visitor, categories)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.03)
    for _ in range(STEPS):
        loss = cross_entropy(network.logits(**given), wanted)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return network.eval()
