"""What became of predictions, as it is told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from windsock.answers import Prediction, RowError
from windsock.batches import Batch
from windsock.encoding import encode
from windsock.errors import InvalidRequest

FEEDBACK = "/feedback"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of a prediction ``of``, or of a request id and ``row``, or of a stream's and ``id``: true or
    false, or a number where the service foretells one. ``at`` is when it was so, with a time zone;
    ``fields`` are numbers by the names that the service sums. ``early``: the prediction may be yet
    to come; without it an outcome is refused whose prediction the service does not know."""

    of: Prediction | str
    outcome: bool | float
    row: int | None = None
    id: str | int | None = None
    at: datetime | str | None = None
    fields: Mapping[str, float] = field(default_factory=dict)
    early: bool = False

    def said(self) -> dict[str, Any]:
        """As it is sent. Raises InvalidRequest where its prediction has no request id."""
        row, id = self.row, self.id
        if isinstance(self.of, Prediction):
            request_id = self.of.request_id
            if id is None and row is None:
                row, id = (self.of.row, None) if self.of.id is None else (None, self.of.id)
        else:
            request_id = self.of
        if not request_id:
            raise InvalidRequest("the prediction has no request id", field="request_id")
        given = {"row": row, "id": id, "at": self.at, "fields": dict(self.fields)}
        told: dict[str, Any] = {"request_id": request_id, "outcome": self.outcome}
        told |= {name: value for name, value in given.items() if value not in (None, {})}
        return told | ({"early": True} if self.early else {})


def batch_of_outcomes(
    outcomes: Iterable[Outcome], size: int, timeout_s: float | None
) -> Batch[str | RowError]:
    """The batch that tells them."""
    return Batch(
        outcomes, size, told, lambda error: error, timeout_s,
        encode=lambda one: encode(one.said()), names=_NAMES,
    )  # fmt: skip


_NAMES = ("outcomes", "outcomes")


def told(said: Mapping[str, Any]) -> str:
    """What is known of the prediction of an outcome that was kept, from its decoded JSON:
    ``known``, ``waiting`` or ``refused``."""
    return str(said["prediction"])


def only(said: Mapping[str, Any]) -> str:
    """The same of the only one."""
    (one,) = said["outcomes"]
    return told(one)
