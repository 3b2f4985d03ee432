"""Memory over time, as a picture."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.soak.growth import SETTLED_S, together
from benchmarks.soak.memory import Series

_LARGEST = 8


def plot(series: Sequence[Series], path: Path, title: str) -> None:
    """PSS and RSS of all processes together, and PSS of the largest ones from their own start."""
    import matplotlib as mpl  # noqa: PLC0415  it takes a second to import

    mpl.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415

    figure, (whole, each) = pyplot.subplots(2, 1, figsize=(11, 8), sharex=True)
    at_s, rss_mb, pss_mb = together(series)
    minutes = [at / 60 for at in at_s]
    whole.plot(minutes, rss_mb, color="#8fbbe8", label="resident (RSS)")
    whole.plot(minutes, pss_mb, color="#1f6fc4", label="proportional (PSS)")
    whole.set_ylim(bottom=0)
    whole.set_ylabel("MB, all processes")
    largest = sorted(series, key=lambda one: -max(one.pss_mb, default=0.0))[:_LARGEST]
    for one in largest:
        grown = [value - one.pss_mb[0] for value in one.pss_mb]
        each.plot([at / 60 for at in one.at_s], grown, label=f"{one.name}, {one.pss_mb[-1]:.0f} MB")
    each.set_ylabel("MB of PSS more than at first")
    each.set_xlabel("minutes under load")
    for axis in (whole, each):
        axis.axvline(SETTLED_S / 60, color="#999999", ls="--", lw=1)
        axis.grid(color="#e4e4e4")
        axis.set_axisbelow(True)
        axis.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=9)
    whole.set_title(title, fontsize=11)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
