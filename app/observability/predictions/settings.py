"""What is kept of predictions."""

from typing import Annotated, Any

from pydantic import Field

from app.observability.journals import PredictionJournal
from deployments.strict import StrictModel

_JOURNAL: Any = {}  # validated with the folder of the file, in which its paths start

FieldName = Annotated[str, Field(min_length=1, max_length=64)]


class PredictionsSettings(StrictModel, validate_default=True):
    """The journal of predictions."""

    journal: PredictionJournal = _JOURNAL
    output: str | None = None
    """The output that is the score; None takes the first that is one floating-point number a row.
    """
    label: str | int | None = None
    """Which element of it, by its label or its place, where it is a list of scores: that of the
    class whose outcomes are told as true."""
    segments: list[FieldName] = Field(default_factory=list, max_length=8)
    """Fields of the request by whose values accuracy is told apart, too."""
    segment_values: int = Field(default=32, ge=1, le=1000)
    """So many values of each are told apart, those that come first; later ones are ``other``: a
    field that clients fill freely must not make tables without end."""
    threshold: float | None = None
    """From which score on a prediction counts as positive; None takes ``threshold`` of the
    bundle's metrics, or 0.5."""
