"""How long something usually takes."""

_OUTLIER = 4.0
_SHORT_S = 0.01


class Typical:
    """An average of what it sees, ``seconds``, that follows over about one part in ``weight``."""

    __slots__ = ("_weight", "seconds")

    def __init__(self, weight: float) -> None:
        self.seconds = 0.0
        self._weight = weight

    def saw(self, seconds: float) -> None:
        # One that stands out is a mishap and not the load: it must not have others refused.
        seconds = min(seconds, _OUTLIER * self.seconds + _SHORT_S)
        self.seconds += self._weight * (seconds - self.seconds)
