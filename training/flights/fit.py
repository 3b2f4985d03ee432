"""Fits one network to labels softened by a teacher."""

import hashlib

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import binary_cross_entropy_with_logits

from training.flights.network import Ensemble, Hinges, Member
from training.flights.prepared import Inputs

# Chosen on October.
EPOCHS = 7
BATCH = 1024
LEARNING_RATE = 3e-3
WEIGHT_DECAY = 1e-2
WARM_UP = 0.2
TEACHER_WEIGHT = 0.6
SCORING_BATCH = 8192

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]


def fit_member(
    hinges: Hinges, inputs: Inputs, target: Floats32, cardinalities: list[int], seed: int
) -> Member:
    """Train one member on `target` (float32 [N], 0 to 1) and return it in eval mode.

    The same seed gives the same weights to the last bit.
    """
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)
    numeric, categorical, wanted = map(torch.tensor, (*inputs, target))
    member = Member(hinges.width(numeric.shape[1]), cardinalities)
    optimizer = torch.optim.AdamW(member.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    batches = len(wanted) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=EPOCHS * batches, pct_start=WARM_UP
    )
    for _ in range(EPOCHS):
        order = torch.randperm(len(wanted))[: batches * BATCH]
        for rows in order.split(BATCH):
            logits = member(hinges(numeric[rows]), categorical[rows])
            loss = binary_cross_entropy_with_logits(logits, wanted[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return member.eval()


def soften(late: Floats, teacher: Floats) -> Floats32:
    """What a member learns: the label, mixed with what the teacher expected; float32 [N]."""
    mixed = TEACHER_WEIGHT * teacher + (1 - TEACHER_WEIGHT) * late
    return mixed.astype(np.float32)


@torch.no_grad()
def score(ensemble: Ensemble, inputs: Inputs) -> Floats:
    """Uncalibrated logits, float64 [N]."""
    numeric, categorical = map(torch.from_numpy, inputs)
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
