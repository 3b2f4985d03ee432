"""The reliability diagram: do the probabilities of models mean what they say?"""

import io
from collections.abc import Mapping
from typing import Any

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from numpy.typing import NDArray

from training.flights.calibration import equal_width, reliability
from training.flights.figures import figures

Floats = NDArray[np.float64]

TITLE = "Do the probabilities mean what they say?"
INK = "#1f2937"
MUTED = "#6b7280"
GRID = "#e5e7eb"
COLOURS = {"network": "#0f766e", "trees": "#d97706"}
LABELS = {"network": "network", "trees": "LightGBM"}
FEWEST_ROWS = 30


def reliability_diagram(late: Floats, probabilities: Mapping[str, Floats], flights: str) -> bytes:
    """A PNG: observed share of late flights over predicted probability, for each model."""
    style: dict[Any, Any] = {
        "font.size": 11,
        "text.color": INK,
        "axes.edgecolor": GRID,
        "axes.labelcolor": INK,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
    }
    with plt.rc_context(style):
        figure, (top, bottom) = plt.subplots(
            2,
            1,
            figsize=(7.2, 8.4),
            sharex=True,
            height_ratios=(3.2, 1),
            layout="constrained",
        )
        draw_curves(top, late, probabilities)
        draw_counts(bottom, probabilities)
        top.text(0, 1.06, TITLE, transform=top.transAxes, fontsize=16, fontweight="bold")
        top.set_title(flights, loc="left", fontsize=11, color=MUTED, pad=10)
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=160, metadata={"Software": None})
        plt.close(figure)
    return picture.getvalue()


def draw_curves(axes: Axes, late: Floats, probabilities: Mapping[str, Floats]) -> None:
    """Observed over predicted, with the band that chance alone would give (two sigma)."""
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 4)), zorder=1)
    axes.annotate(
        "perfectly calibrated",
        (0.88, 0.88),
        xytext=(9, -9),
        textcoords="offset points",
        rotation=45,
        rotation_mode="anchor",
        transform_rotates_text=True,
        ha="center",
        va="top",
        fontsize=9,
        color=MUTED,
    )
    for name, probability in probabilities.items():
        bins = reliability(late, probability, equal_width())
        shown = bins.count >= FEWEST_ROWS
        predicted, observed = bins.predicted[shown], bins.observed[shown]
        chance = 2 * np.sqrt(observed * (1 - observed) / bins.count[shown])
        axes.fill_between(
            predicted, observed - chance, observed + chance, color=COLOURS[name], alpha=0.12, lw=0
        )
        scores = figures(late, probability)
        axes.plot(
            predicted,
            observed,
            color=COLOURS[name],
            linewidth=2.2 if name == "network" else 1.5,
            marker="o",
            markersize=5.5 if name == "network" else 4,
            label=f"{LABELS[name]}   AUC {scores['auc']:.3f}   "
            f"Brier {scores['brier']:.3f}   ECE {scores['ece_equal_width']:.3f}",
            zorder=3 if name == "network" else 2,
            clip_on=False,
        )
    axes.set(xlim=(0, 1), ylim=(0, 1), ylabel="share of flights that were late")
    axes.legend(loc="upper left", frameon=False)
    tidy(axes)


def draw_counts(axes: Axes, probabilities: Mapping[str, Floats]) -> None:
    """How many flights got each probability."""
    for name, probability in probabilities.items():
        axes.hist(
            probability,
            bins=list(np.linspace(0, 1, 61)),
            histtype="stepfilled" if name == "network" else "step",
            color=COLOURS[name],
            alpha=0.35 if name == "network" else 1.0,
            linewidth=1.2,
        )
    axes.set(xlabel="predicted probability", ylabel="flights")
    axes.yaxis.set_major_formatter(lambda count, _: f"{count:,.0f}")
    tidy(axes)


def tidy(axes: Axes) -> None:
    """Only the lines that help the eye."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
