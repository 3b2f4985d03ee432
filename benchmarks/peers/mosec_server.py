"""mosec: a Rust front that hands whole batches to Python processes.

python benchmarks/peers/mosec_server.py --port 8000
"""

from datetime import datetime
from typing import Any

import msgspec
from mosec import Server, ValidationError, Worker

from benchmarks.peers.work import Row, Work, answer


class Flight(msgspec.Struct):
    """A request."""

    carrier: str
    origin: str
    dest: str
    tailnum: str
    scheduled_departure: datetime


class Predict(Worker):
    """All stages in one worker: a second one would only add a copy of each batch."""

    def __init__(self) -> None:
        super().__init__()
        self._work = Work()
        self._decode = msgspec.json.Decoder(Flight).decode

    def deserialize(self, data: bytes) -> Row:
        try:
            return msgspec.structs.asdict(self._decode(data))
        except msgspec.ValidationError as error:
            raise ValidationError(str(error)) from error

    def serialize(self, data: dict[str, Any]) -> bytes:
        return msgspec.json.encode(data)

    def forward(self, data: list[Row]) -> list[dict[str, Any]]:
        return [answer(score) for score in self._work.predict(data)]


if __name__ == "__main__":
    server = Server()
    # A process per core. One process, 32 or 128 rows, or a longer wait were slower or no faster.
    server.append_worker(
        Predict, num=2, max_batch_size=64, max_wait_time=1, route="/predict", timeout=30
    )
    server.run()
