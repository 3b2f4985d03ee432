"""What all pictures of results share."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def drawing(path: Path, title: str, *grid: int, **layout: Any) -> Iterator[Any]:
    """The axes of ``pyplot.subplots``, to be drawn on and labelled in the block, then dressed
    alike and written to ``path``."""
    import matplotlib as mpl  # noqa: PLC0415  it takes a second to import

    mpl.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415

    figure, axes = pyplot.subplots(*grid, **layout)
    try:
        yield axes
        for axis in axes:
            axis.grid(color="#e0e0e0")
            axis.set_axisbelow(True)
        labelled = [axis for axis in axes if axis.get_legend_handles_labels()[1]]
        for axis in labelled:
            beside = {"loc": "center left", "bbox_to_anchor": (1.01, 0.5)}
            axis.legend(**beside, frameon=False, fontsize=9)
        figure.suptitle(title, fontsize=12)
        figure.tight_layout()
        figure.savefig(path, dpi=100)
    finally:
        pyplot.close(figure)
