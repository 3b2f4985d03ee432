"""Which batches are short enough to run in the event loop."""

import time

from deployments.frames import TensorFrame
from deployments.model.golden_rows import Run, repeated

_REPEATS = 5


def rows_within(seconds: float, run: Run, frame: TensorFrame) -> int:
    """How many rows ``run`` answers in that time, going by what one row takes and what ``frame``
    takes; both have been run before."""
    single = _cost(run, repeated(frame, 1))
    if single > seconds:
        return 0
    per_row = single
    if frame.rows > 1:
        per_row = max((_cost(run, frame) - single) / (frame.rows - 1), single / 1000)
    return 1 + int((seconds - single) / per_row)


def _cost(run: Run, frame: TensorFrame) -> float:
    """Seconds of processor, which a machine that is busy starting other replicas does not
    stretch as it does the time by the clock."""
    costs = []
    for _ in range(_REPEATS):
        before = time.thread_time()
        run(frame)
        costs.append(time.thread_time() - before)
    return min(costs)
