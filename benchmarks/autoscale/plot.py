"""Replicas, rates and latency over the same time, as a picture."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.autoscale.replicas import Poll
from benchmarks.autoscale.report import Scaling, Shape, per_second
from benchmarks.load.opened import Arrivals


def plot(polls: Sequence[Poll], load: Arrivals, shape: Shape, scaling: Scaling, path: Path) -> None:
    """The load is over long before the replicas are gone; the axis of time shows both."""
    import matplotlib as mpl  # noqa: PLC0415  it takes a second to import

    mpl.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415

    figure, axes = pyplot.subplots(
        3, 1, figsize=(11, 8.5), sharex=True, height_ratios=(1, 1.4, 1.4)
    )
    count, rate, latency = axes
    seen = [poll for poll in polls if poll.at_s >= 0]
    at_s = [poll.at_s for poll in seen]
    present = [poll.running + poll.starting for poll in seen]
    count.step(at_s, present, where="post", color="#e08a1e", ls="--", label="with those starting")
    running = [poll.running for poll in seen]
    count.step(at_s, running, where="post", color="#1a8a3a", lw=2, label="running")
    count.set_ylim(0, max(present, default=1) + 0.6)
    count.yaxis.get_major_locator().set_params(integer=True)
    count.set_ylabel("replicas")
    offered, answered, p99 = per_second(load)
    middle = [second + 0.5 for second in range(len(offered))]
    rate.step(middle, offered, where="mid", color="#999999", label="offered")
    rate.step(middle, answered, where="mid", color="#1f6fc4", lw=2, label="answered")
    rate.axhline(shape.capacity, color="#1a8a3a", ls=":", label="one replica's\ncapacity alone")
    rate.set_ylim(bottom=0)
    rate.set_ylabel("requests per second")
    latency.plot(middle, p99, color="#d62728", marker=".", label="p99 of good\nanswers")
    latency.set_yscale("log")
    latency.set_ylabel("ms from due to answer")
    latency.set_xlabel("seconds")
    for axis in axes:
        axis.axvspan(shape.before_s, shape.step_end_s, color="#f3f3f3", zorder=0)
        if scaling.added_s is not None:
            axis.axvline(shape.before_s + scaling.added_s, color="#1a8a3a", lw=1, ls="--")
        axis.grid(color="#e0e0e0")
        axis.set_axisbelow(True)
        axis.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=9)
    added = "none added" if scaling.added_s is None else f"one added after {scaling.added_s:.1f} s"
    figure.suptitle(
        f"A step (shaded) from {shape.quiet_rate:,.0f} to {shape.step_rate:,.0f} requests/s: "
        f"{added}",
        fontsize=12,
    )
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    pyplot.close(figure)
