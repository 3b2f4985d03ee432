"""Fits one network to labels softened by a teacher."""

import hashlib
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from training.network import Ensemble, Hinges, Member

# Chosen on October.
EPOCHS = 7
BATCH = 1024
LEARNING_RATE = 3e-3
WEIGHT_DECAY = 1e-2
WARM_UP = 0.2
TEACHER_WEIGHT = 0.6
SCORING_BATCH = 8192


def fit_member(
    hinges: Hinges,
    numeric: Tensor,
    categorical: Tensor,
    target: Tensor,
    cardinalities: list[int],
    *,
    seed: int,
    on_epoch: Callable[[], None],
) -> Member:
    """Train one member on `target` (float32 [N], 0 to 1) and return it in eval mode."""
    torch.manual_seed(seed)
    member = Member(hinges.width(numeric.shape[1]), cardinalities)
    optimizer = torch.optim.AdamW(member.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    batches = len(target) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=EPOCHS * batches, pct_start=WARM_UP
    )
    for _ in range(EPOCHS):
        order = torch.randperm(len(target))[: batches * BATCH]
        for rows in order.split(BATCH):
            logits = member(hinges(numeric[rows]), categorical[rows])
            loss = binary_cross_entropy_with_logits(logits, target[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        on_epoch()
    return member.eval()


def soften(late: NDArray[np.float64], teacher: NDArray[np.float64]) -> Tensor:
    """What a member learns: the label, mixed with what the teacher expected; float32 [N]."""
    mixed = TEACHER_WEIGHT * teacher + (1 - TEACHER_WEIGHT) * late
    return torch.from_numpy(mixed.astype(np.float32))


@torch.no_grad()
def score(ensemble: Ensemble, numeric: Tensor, categorical: Tensor) -> NDArray[np.float64]:
    """Uncalibrated logits, float64 [N]."""
    parts = [
        ensemble.logits(numeric[at : at + SCORING_BATCH], categorical[at : at + SCORING_BATCH])
        for at in range(0, len(numeric), SCORING_BATCH)
    ]
    return torch.cat(parts).double().numpy()


def weights_sha256(module: torch.nn.Module) -> str:
    """A hash of every weight and buffer: equal for two runs that trained the same model."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()
