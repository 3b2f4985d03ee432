"""LitServe: FastAPI in front of worker processes, with dynamic batching.

python benchmarks/peers/litserve_server.py PORT
"""

import sys
from collections.abc import Sequence
from typing import Any

import litserve

from benchmarks.peers.work import Flight, Row, Work, answer


class Predict(litserve.LitAPI):
    """The hooks of LitServe, all rows of a batch at once."""

    def setup(self, device: str) -> None:
        self._work = Work()

    def decode_request(self, request: Flight) -> Row:
        return request.model_dump()

    def batch(self, inputs: Sequence[Row]) -> Sequence[Row]:
        return inputs

    def predict(self, x: Sequence[Row]) -> list[float]:
        return self._work.predict(x)

    def unbatch(self, output: list[float]) -> list[float]:
        return output

    def encode_response(self, output: float) -> dict[str, Any]:
        return answer(output)


if __name__ == "__main__":
    api = Predict(max_batch_size=64, batch_timeout=0.002, api_path="/predict")
    server = litserve.LitServer(
        api, accelerator="cpu", workers_per_device=2, timeout=60, fast_queue=True
    )
    server.run(
        port=int(sys.argv[1]), host="127.0.0.1", log_level="warning", generate_client_file=False
    )
