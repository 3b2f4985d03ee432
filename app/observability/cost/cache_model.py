"""How often the row cache would have hit with another time to live."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from app.observability.cost.fit import WORST_MAPE, Quality, held_out, quality, too_little
from app.observability.cost.recording import Recording

Floats = npt.NDArray[np.float64]

ASSUMPTIONS = (
    "a key asked for r times a second is found r x ttl times for each time that it is not, since "
    "its entry lives for ttl after it is read (a renewal process: Jung, Berger and Balakrishnan, "
    "2003); keys of unlike rates together: hits / misses = k x (rate x ttl)^g, with g at most 1",
    "so a longer ttl does what more load does: the fit is to the recording's changes of load",
    "every replica of the lookup has a cache of its own, and keys come to each alike",
)
_BEYOND = 3.0
"""A fit is trusted to a third of the least that was seen, and to three times the most."""


@dataclass(frozen=True, slots=True)
class ViewFit:
    """Of one view: ``log(hits / misses) = k + g x log(rate x ttl)``."""

    view: str
    k: float
    g: float
    quality: Quality | None
    why: str | None


@dataclass(frozen=True, slots=True)
class CacheAnswer:
    """What another time to live would have done, over the recording; ``misses`` per second
    [steps], None with ``why``."""

    hits_before: float
    """Share of keys that were found, as recorded."""
    hits: float | None
    misses: Floats | None
    fits: list[ViewFit]
    why: str | None = None


def cache_answer(recording: Recording, replicas: Floats, ttl_s: float) -> CacheAnswer:
    """With this ``cache_ttl_s``, where ``replicas`` [steps] look up."""
    total = np.zeros(recording.span.steps)
    fits: list[ViewFit] = []
    hits_before = asked = 0.0
    for (view,) in recording.labels("cache_rows", "view"):
        hit, miss = (recording.values("cache_rows", view=view, outcome=o) for o in ("hit", "miss"))
        keys, spread = hit + miss, np.maximum(replicas, 1)
        found = _fitted(view, hit, miss, keys / spread, recording.service.cache_ttl_s)
        misses = keys * (1 - _share(found, keys / spread * ttl_s))
        if found.why is None:
            why = _beyond(view, keys / spread, recording.service.cache_ttl_s, ttl_s)
            why = why or _overfull(recording, view, misses / spread, ttl_s)
            found = replace(found, why=why)
        fits.append(found)
        total += misses
        hits_before, asked = hits_before + float(hit.sum()), asked + float(keys.sum())
    why = _nothing_recorded(recording, asked) or next((one.why for one in fits if one.why), None)
    before = hits_before / asked if asked else 0.0
    if why:
        return CacheAnswer(before, None, None, fits, why)
    return CacheAnswer(before, 1 - float(total.sum()) / asked, total, fits)


def _nothing_recorded(recording: Recording, asked: float) -> str | None:
    if not recording.service.cache_rows:
        return "the row cache was off (cache_rows: 0), so that nothing was recorded of it"
    return None if asked else "nothing was recorded of the row cache"


def _fitted(view: str, hit: Floats, miss: Floats, each: Floats, ttl_s: float) -> ViewFit:
    asked = (hit > 0) & (miss > 0)
    if why := too_little(each[asked]):
        return ViewFit(view, 0, 0, None, f"{view}: {why}")
    x, y = np.log(each[asked] * ttl_s), np.log(hit[asked] / miss[asked])
    out = held_out(np.ones(len(x), bool))
    k, g = _line(x[~out], y[~out])
    share = (hit / np.where(asked, hit + miss, 1))[asked]
    found = quality(share[out], _logistic(k + g * x[out]))
    why = None
    if not found.good:
        why = (
            f"hits of {view} are not told by its load: {100 * found.mape:.0f} % off on the "
            f"held-out part (at most {100 * WORST_MAPE:.0f} %)"
        )
    k, g = _line(x, y)
    if g < 0.1:
        why = (
            why or f"hits of {view} do not rise with its load, so that nothing says what time does"
        )
    return ViewFit(view, k, g, found, why)


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    slope = float(((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum())
    g = min(max(slope, 0.0), 1.0)
    return float(y.mean() - g * x.mean()), g


def _share(fit: ViewFit, x: Floats) -> Floats:
    asked = x > 0
    told: Floats = np.zeros_like(x)
    told[asked] = _logistic(fit.k + fit.g * np.log(x[asked]))
    return told


def _logistic(odds: Floats) -> Floats:
    share: Floats = 1 / (1 + np.exp(-odds))
    return share


def _beyond(view: str, each: Floats, recorded: float, ttl_s: float) -> str | None:
    """Why it would be a guess, where half of the asking is far from all that was seen."""
    seen = np.sort(each[each > 0])
    middle = float(seen[np.searchsorted(np.cumsum(seen), seen.sum() / 2)])
    low, high = (float(end) * recorded / middle for end in (seen[0] / _BEYOND, seen[-1] * _BEYOND))
    if low <= ttl_s <= high:
        return None
    return (
        f"{view}: cache_ttl_s={ttl_s:g} is beyond what its load shows, which tells of {low:.2g} to "
        f"{high:.2g} s"
    )


def _overfull(recording: Recording, view: str, misses: Floats, ttl_s: float) -> str | None:
    """Entries by Little's law: each miss makes one, which lives for ``ttl_s``."""
    entries = float(misses.max()) * ttl_s
    room = recording.service.cache_rows
    if entries <= room:
        return None
    return (
        f"with cache_ttl_s={ttl_s:g} {view} would have {entries:,.0f} entries at once, and "
        f"cache_rows has room for {room:,}: those pushed out are not modelled"
    )
