"""What a record says of rows, read off the batch in which they ran."""

from collections.abc import Sequence

from app.audit.record import Fault, Record
from app.serving.answers import AnsweredBatch
from app.serving.contract import Row


def fill(record: Record, batch: AnsweredBatch, places: Sequence[int] | None) -> Sequence[Row]:
    """Say in ``record`` what these rows of a batch are told (None: all of them), and give the rows
    themselves. One without an answer has no outputs, and its views as they were found."""
    if places is None:
        rows, record.features = batch.rows, batch.views
        record.outputs = dict(batch.outputs)
        wrong = sorted(batch.without_answer)
    else:
        rows = [batch.rows[place] for place in places]
        record.features = [batch.views[place] for place in places]
        record.outputs = {
            name: [values[place] for place in places] for name, values in batch.outputs
        }
        wrong = [row for row, place in enumerate(places) if place in batch.without_answer]
    if wrong:
        for row in wrong:
            error = batch.answer(row if places is None else places[row])
            assert isinstance(error, Exception)
            record.errors[row] = Fault(error.code.code, error.message, error.field)
        record.outputs = {
            name: [None if row in record.errors else value for row, value in enumerate(values)]
            for name, values in record.outputs.items()
        }
    return rows
