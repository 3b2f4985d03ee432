"""How long a stage usually takes for a batch, and how long it may stay silent for the next one."""

from dataclasses import dataclass
from typing import NamedTuple

from app.config import HopSettings
from deployments.model_id import ModelId

# Of a slow answer about a third is left after so many quick ones as this is a part of one.
_FADES = 0.05
_SUSPECT, _HUNG = 2.0, 4.0
_VERSIONS = 8


class Limits(NamedTuple):
    """Seconds since a batch was sent, after which its replica is suspect, and hung."""

    suspect_s: float
    hung_s: float


@dataclass(slots=True)
class _Peak:
    seconds: float = 0.0
    answers: int = 0

    def learn(self, seconds: float) -> None:
        # The first answer may have had things to load, and is as soon forgotten.
        self.answers += 1
        fades = max(_FADES, 1 / max(1, self.answers - 1))
        self.seconds = max(seconds, self.seconds + fades * (seconds - self.seconds))


class UsualTimes:
    """Follows the peaks of what a stage takes, by version and by size: a class of sizes for each
    power of two. One that is not known yet is taken to need as much a row as a smaller one."""

    def __init__(self, settings: HopSettings) -> None:
        self.settings = settings
        self._peaks: dict[ModelId, dict[int, _Peak]] = {}

    def limits(self, model: ModelId, rows: int) -> Limits:
        """For a batch that is sent now."""
        floors, size = self.settings, rows.bit_length()
        peaks = self._peaks.get(model, {})
        if (peak := peaks.get(size)) and peak.answers > 1:
            return self._limits(peak.seconds, floors.hung_s)
        known = {of: peak.seconds for of, peak in peaks.items() if peak.answers > 1}
        if not known:
            return Limits(floors.first_s / 2, floors.first_s)
        smaller = max((of for of in known if of < size), default=min(known))
        usual_s = known[smaller] * 2 ** max(0, size - smaller)
        return self._limits(usual_s, floors.hung_s if size < max(known) else floors.first_s)

    def _limits(self, usual_s: float, hung_s: float) -> Limits:
        suspect_s = self.settings.suspect_s
        return Limits(max(suspect_s, _SUSPECT * usual_s), max(hung_s, _HUNG * usual_s))

    def learn(self, model: ModelId, rows: int, seconds: float) -> None:
        """What a batch took."""
        peaks = self._peaks.get(model)
        if peaks is None:
            if len(self._peaks) >= _VERSIONS:
                del self._peaks[next(iter(self._peaks))]
            peaks = self._peaks[model] = {}
        peaks.setdefault(rows.bit_length(), _Peak()).learn(seconds)
