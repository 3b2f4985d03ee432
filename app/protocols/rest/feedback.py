"""Outcomes over REST."""

from typing import Annotated, Any

import msgspec

from app.access.principal import Scope
from app.config import Limits
from app.edge.guards import Feedback
from app.edge.http import HttpCall
from app.edge.outcomes import Outcome, State
from app.edge.route import Operation, Route
from app.edge.unicode import unmarked
from app.protocols.rest.messages import ErrorBody
from app.protocols.rest.outcome_form import MANY, OutcomeForm
from app.serving.errors import ErrorCode
from app.serving.served_version import ServedVersion

_encode = msgspec.json.Encoder().encode

_EXAMPLE_ID = "f7f869c44d864bb8a7d52672e18b29d7"
_ERRORS = [
    *(ErrorCode.MALFORMED_BODY, ErrorCode.UNSUPPORTED_ENCODING, ErrorCode.MALFORMED_JSON),
    *(ErrorCode.BODY_TOO_LARGE, ErrorCode.INVALID_FIELD, ErrorCode.MISSING_FIELD),
    *(ErrorCode.UNKNOWN_FIELD, ErrorCode.OUT_OF_RANGE, ErrorCode.EMPTY_BATCH),
    *(ErrorCode.BATCH_TOO_LARGE, ErrorCode.NOT_FOUND, ErrorCode.UNRECORDED),
]
_ABOUT = (
    "An outcome is kept once this answers. It is of the row of a request, 0 unless `row` says "
    "otherwise, or of the row of a stream that is called `id`. One whose prediction is yet to come "
    "says `early`; without, a request that nobody knows is refused."
)
_STATES = {"enum": [state.value for state in State]}
_EITHER = {"oneOf": [{"$ref": f"#/components/schemas/{n}"} for n in ("KeptOutcome", "ErrorBody")]}


class KeptOutcome(msgspec.Struct):
    """An outcome that is kept, and what is known of its prediction: it was made, or is waited for,
    or its request was refused."""

    prediction: Annotated[str, msgspec.Meta(extra_json_schema=_STATES)]


class FeedbackAnswer(msgspec.Struct):
    """Of each outcome, in order: that it is kept, or an error body that says what was wrong."""

    # msgspec has no untagged unions, so their schema is written out.
    outcomes: Annotated[list[Any], msgspec.Meta(extra_json_schema={"items": _EITHER})]
    request_id: str


class Outcomes:
    """The handler of ``POST /feedback``."""

    def __init__(self, feedback: Feedback, limits: Limits) -> None:
        self._feedback = feedback
        self._limits = limits
        self.form = OutcomeForm(feedback)

    async def tell(self, call: HttpCall) -> None:
        options = call.options
        body = await call.body(self._limits.max_body_bytes)
        read = self.form.read(unmarked(body))
        given = read if isinstance(read, list) else [read]
        good = [one for one in given if isinstance(one, Outcome)]
        states = iter(await self._feedback.tell(options.principal, good) if good else ())
        answers: list[KeptOutcome | ErrorBody] = []
        for place, one in enumerate(given):
            state = next(states) if isinstance(one, Outcome) else one
            if isinstance(state, State):
                answers.append(KeptOutcome(state.value))
                continue
            if read is not given:
                raise state
            state.row = place
            answers.append(ErrorBody(state.detail(options.request_id)))
        await call.answer(_encode(FeedbackAnswer(answers, options.request_id)))


def routes(feedback: Feedback, limits: Limits) -> list[Route]:
    """Where outcomes are told."""
    outcomes = Outcomes(feedback, limits)
    operation = Operation(
        "feedback",
        "feedback",
        "Tell the outcomes of predictions, one or many: a bad one gets its error",
        FeedbackAnswer,
        _ERRORS,
        _ABOUT,
        request=lambda _: outcomes.form.schema(),
        request_example=lambda _: _example(feedback),
        answer_example=_answer_example,
        parts=[KeptOutcome],
    )
    return [Route("POST", "/feedback", outcomes.tell, operation, access=Scope.FEEDBACK)]


def _example(feedback: Feedback) -> Any:
    one: dict[str, Any] = {
        "request_id": _EXAMPLE_ID,
        "outcome": True if feedback.binary else 12.5,
        "at": "2013-12-03T19:40:00Z",
    }
    if feedback.sums:
        one["fields"] = {name: 12.5 for name in feedback.sums}
    return {MANY: [one]}


def _answer_example(_: ServedVersion) -> Any:
    return {"outcomes": [{"prediction": State.KNOWN.value}], "request_id": _EXAMPLE_ID}
