"""What an answer says of the features that it rests on."""

from typing import Annotated, Any

import msgspec

_OUTPUT = {
    "description": "A number, true or false, the label of a class, or a list of them; scores with "
    "labels are an object",
    "type": ["number", "boolean", "string", "array", "object", "null"],
    "items": {},
}
OutputValues = Annotated[
    dict[str, Any],
    msgspec.Meta(extra_json_schema={"additionalProperties": _OUTPUT}),
]
"""What the model gives for a row, by output: a number, true or false, the label of a class, or a
list of them; scores that have labels by label."""


class ViewInfo(msgspec.Struct):
    """One feature view of one row, and the age of its event in seconds (null where there is none).

    ``fresh``; ``stale``: used although it may be out of date; ``missing``: the store has no such
    row; ``defaulted``: not used or not to be had, so that training's defaults stand in.
    """

    status: str
    age_s: float | None


_VIEWS = {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/ViewInfo"}}


class FeaturesInfo(msgspec.Struct):
    """How good the inputs were: the worst view's status, and the age in seconds of the oldest
    event of a view that can expire.

    ``degraded`` is true where a view is stale or defaulted. ``unseen`` names categorical inputs
    whose value training has not seen, where there are any; the model takes them as unknown.
    ``values`` are there if the request asked for them (``?values=true``): numbers, text and
    documents as they are, instants in epoch seconds, bytes as base64, arrays as lists.
    """

    status: str
    degraded: bool
    oldest_age_s: float | None
    # A ViewInfo by view, encoded when the batch is.
    views: Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema=_VIEWS)]
    unseen: list[str] | msgspec.UnsetType = msgspec.UNSET
    values: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
