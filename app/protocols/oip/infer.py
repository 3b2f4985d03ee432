"""An inference, whatever carried it: tensors in, the dataplane's answers, tensors out."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from app.edge.account import Serving
from app.edge.options import RequestOptions
from app.protocols.oip.models import features_output
from app.protocols.oip.outputs import Documents, Output, output_of
from app.protocols.oip.parameters import TIMEOUT, VALUES, Parameters, flag, whole
from app.protocols.oip.tensors import Tensor, rows_of
from app.serving.errors import ErrorCode, InvalidRequest
from app.serving.time_limit import within

_SHOWN = 100
_LATE = "it was not answered in its time"

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Inferred:
    """The outputs that were asked for, and what is to be said of all rows together."""

    outputs: list[Output]
    parameters: dict[str, str | bool]


async def infer(
    serving: Serving,
    tensors: Sequence[Tensor],
    wanted: Sequence[str] | None,
    parameters: Parameters,
    *,
    options: RequestOptions,
    limit: int,
) -> Inferred:
    """Answer up to ``limit`` rows, with these outputs of them (None: all), by the deadline of the
    options or what the parameters say.

    The protocol has no error for a row: one that is wrong or refused fails the request. Raises
    WindsockError, which names the row.
    """
    values = flag(parameters, VALUES)
    timeout_us = whole(parameters, TIMEOUT)
    names = _names(serving, wanted)
    rows = rows_of(serving.contract, tensors, limit)
    if timeout_us:
        deadline = asyncio.get_running_loop().time() + timeout_us / 1e6
        options.deadline = min(options.deadline, deadline)
    options.rows = len(rows)
    work = serving.answer_by_column(rows, options.deadline, options.timing)
    answers = await (within(options.deadline, work, _LATE) if timeout_us else work)
    if refused := answers.refused():
        raise refused
    values_of = serving.manifest.service.columns if values else None
    documents = features_output(serving.manifest)
    specs = {output.name: output for output in serving.manifest.outputs}
    return Inferred(
        [
            Documents(name, _encoder.encode_lines(answers.features(values_of)))
            if name == documents
            else output_of(specs[name], answers.output(name))
            for name in names
        ],
        {
            "features_status": answers.worst.name.lower(),
            "features_degraded": answers.degraded,
        },
    )


def _names(serving: Serving, wanted: Sequence[str] | None) -> Sequence[str]:
    """The outputs to answer, in the order in which they are asked for. Raises InvalidRequest."""
    there = [output.name for output in serving.manifest.outputs]
    there.append(features_output(serving.manifest))
    for place, name in enumerate(wanted or ()):
        if name not in there:
            raise InvalidRequest(
                ErrorCode.UNKNOWN_FIELD,
                f"unknown output {name[:_SHOWN]!r}: there are {', '.join(there)}",
                "outputs",
            )
        if wanted and name in wanted[:place]:
            raise InvalidRequest(
                ErrorCode.INVALID_FIELD, f"output {name} is asked for twice", "outputs"
            )
    return wanted or there
