"""The synchronous client."""

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from windsock.answers import Answer, Health, Models, Prediction, RowError
from windsock.batches import batch_of
from windsock.client import PREDICT, PREDICT_BATCH, VALUES, Client
from windsock.encoding import Fields, encode, encode_one, itself
from windsock.errors import WindsockError
from windsock.exchange import Question, failure, new_request_id, understood
from windsock.outcomes import FEEDBACK, Outcome, batch_of_outcomes, only
from windsock.streams import Link
from windsock.sync_pool import Pool
from windsock.sync_stream import Answers, Stream
from windsock.window import Window

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

T = TypeVar("T")
Row = TypeVar("Row", bound=Fields)


class Windsock(Client):
    """A service at one address, or at several in the order of preference. Safe to be shared by
    threads, and by a process and those that it forks; close it, or use it as a context manager.

    Every call raises WindsockError; ``timeout`` is its deadline in seconds, retries and failover
    included.
    """

    def _begin(self) -> None:
        super()._begin()
        self._pool = Pool(self._endpoints, self._settings, self._http_options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End connections and health checks."""
        self._closed = True
        self._pool.close()

    def predict(
        self,
        row: Fields | None = None,
        /,
        *,
        values: bool = False,
        timeout: float | None = None,
        **fields: Any,
    ) -> Prediction:
        """The prediction for one row, its fields given by name or as a mapping. With ``values`` it
        holds the feature values that the model was given."""
        question = Question("POST", PREDICT + VALUES * values, encode_one(row, fields).encode())
        return self._ask(question, Prediction.of, timeout)

    @overload
    def predict_batch(
        self, rows: "pd.DataFrame", *, values: bool = False, timeout: float | None = None
    ) -> "pd.DataFrame": ...
    @overload
    def predict_batch(
        self, rows: Iterable[Fields], *, values: bool = False, timeout: float | None = None
    ) -> list[Answer]: ...
    @overload
    def predict_batch(
        self,
        rows: "pa.Table | pa.RecordBatch",
        *,
        values: bool = False,
        timeout: float | None = None,
    ) -> "pa.Table": ...
    def predict_batch(
        self,
        rows: "pd.DataFrame | pa.Table | pa.RecordBatch | Iterable[Fields]",
        *,
        values: bool = False,
        timeout: float | None = None,
    ) -> "pd.DataFrame | pa.Table | list[Answer]":
        """Predictions for many rows, in requests of ``batch_rows`` each, one after the other.

        A frame of pandas gives a frame with the same index, a table of Arrow a table, an iterable a
        list; a row that has no prediction has its error there. Without a ``timeout`` each request
        has the client's own. Raises where a request fails before any has been answered.
        """
        batch, result = batch_of(rows, self._settings.batch_rows, timeout)
        while part := batch.take():
            question = Question("POST", PREDICT_BATCH + VALUES * values, part.body())
            try:
                self._ask(question, partial(batch.read, part), batch.left_s())
            except WindsockError as error:
                batch.failed(part, error)
        answers: pd.DataFrame | pa.Table | list[Answer] = result(batch.answers())
        return answers

    @overload
    def stream(
        self, rows: Iterable[Row], *, values: bool = False, timeout: float | None = None
    ) -> Iterator[tuple[Row, Answer]]: ...
    @overload
    def stream(
        self,
        rows: Iterable[T],
        fields: Callable[[T], Fields],
        *,
        values: bool = False,
        timeout: float | None = None,
    ) -> Iterator[tuple[T, Answer]]: ...
    def stream(
        self,
        rows: Iterable[Any],
        fields: Callable[[Any], Fields] = itself,
        *,
        values: bool = False,
        timeout: float | None = None,
    ) -> Iterator[tuple[Any, Answer]]:
        """Each row with its answer, as soon as it is there: in any order, and each exactly once.

        ``rows`` is read in a thread of its own, as far ahead as ``window`` allows; it may never
        end. ``fields`` says what to send of a row, which may be anything: the row itself by
        default. ``timeout`` is the deadline of each row; a row that misses it has that as its
        error. Lost connections are made anew, elsewhere if need be, and what was not answered is
        sent again. Raises where no connection can be had within ``timeout``, and what ``rows`` or
        ``fields`` raises, once the rows before it are answered.
        """
        timeout_s = self._settings.timeout if timeout is None else timeout
        name = new_request_id()
        window = Window(self._settings.window, timeout_s, fields, time.monotonic, name)
        call = partial(self._call, timeout_s)
        link = Link(
            self._endpoints,
            call,
            self._settings,
            tls=self._tls,
            values=values,
            clock=time.monotonic,
            name=name,
        )
        return Answers(Stream(rows, window, link, self._pool.watch).answers())

    def feedback(
        self,
        of: Prediction | str,
        outcome: bool | float,
        /,
        *,
        timeout: float | None = None,
        **more: Any,
    ) -> str:
        """Tell the outcome of a prediction, or of a request id, as ``Outcome`` has it; ``more`` are
        its ``row``, ``id``, ``at``, ``fields`` and ``early``. It is kept once this returns what is
        known of the prediction: ``known``, ``waiting``, or ``refused`` where its request was. Told
        again, it counts once."""
        body = encode(Outcome(of, outcome, **more).said()).encode()
        return self._ask(Question("POST", FEEDBACK, body), only, timeout)

    def feedback_batch(
        self, outcomes: Iterable[Outcome], *, timeout: float | None = None
    ) -> list[str | RowError]:
        """Tell many, in requests of ``batch_rows`` each: what is known of the prediction of each,
        or why it was not kept. Raises where a request fails before any has been answered."""
        batch = batch_of_outcomes(outcomes, self._settings.batch_rows, timeout)
        while part := batch.take():
            question = Question("POST", FEEDBACK, part.body())
            try:
                self._ask(question, partial(batch.read, part), batch.left_s())
            except WindsockError as error:
                batch.failed(part, error)
        return batch.answers()

    def health(self, *, timeout: float | None = None) -> Health:
        """Whether the service is up, and what it serves."""
        return self._ask(Question("GET", "/health"), Health.of, timeout)

    def models(self, *, timeout: float | None = None) -> Models:
        """The versions of the model, and what the active one takes and gives."""
        return self._ask(Question("GET", "/models"), Models.of, timeout)

    def _ask(self, question: Question, read: Callable[[Any], T], timeout: float | None) -> T:
        call = self._call(timeout)
        while True:
            attempt = call.next()
            time.sleep(attempt.wait_s)
            error: WindsockError
            try:
                answer = understood(self._pool.send(question, attempt), attempt, read)
            except WindsockError as refused:
                error = refused
            except Exception as failed:
                error = failure(failed, attempt)
            else:
                call.succeeded(attempt)
                return answer
            call.failed(attempt, error)
            self._pool.watch()
