"""Runs independent jobs side by side, each on one thread of a process of its own.

One thread per job makes sums come out the same to the last bit, whatever the machine's cores.
"""

import os
from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from joblib import Parallel, delayed, parallel_config

from training.progress import Step

MOST_WORKERS = 4

Result = TypeVar("Result")


def side_by_side(description: str, jobs: Sequence[partial[Result]]) -> list[Result]:
    """The results of the jobs, in their order."""
    workers = min(len(jobs), os.cpu_count() or 1, MOST_WORKERS)
    results: list[Result] = []
    with Step(description, len(jobs)) as step, parallel_config("loky", inner_max_num_threads=1):
        calls = [delayed(job)() for job in jobs]
        for result in Parallel(n_jobs=workers, return_as="generator")(calls):
            results.append(result)
            step.advance()
    return results
