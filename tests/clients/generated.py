"""A client that openapi-python-client made from the server's own document, in PYTHONPATH."""

import json
import sys

from service_client import Client
from service_client.api.predict import predict, predict_batch
from service_client.api.service import health, models
from service_client.models import BatchRequest, ErrorBody, PredictRequest

ASKED = json.load(sys.stdin)
URL, ROWS = ASKED["url"], ASKED["rows"]


def main() -> None:
    with Client(base_url=URL) as client:
        rows = [PredictRequest.from_dict(row) for row in ROWS]
        alone = [predict.sync(client=client, body=row) for row in rows]
        together = predict_batch.sync(client=client, body=BatchRequest(instances=rows))
        refused = predict.sync_detailed(client=client, body=_Unsound())
        assert isinstance(refused.parsed, ErrorBody), refused
        json.dump(
            {
                "health": health.sync(client=client).to_dict(),
                "models": models.sync(client=client).to_dict(),
                "alone": [one.to_dict() for one in alone],
                "together": together.to_dict(),
                "refused": [int(refused.status_code), refused.parsed.error.code],
            },
            sys.stdout,
        )


class _Unsound(PredictRequest):
    """A row without its fields."""

    def __init__(self) -> None:
        """Without them."""

    def to_dict(self) -> dict[str, object]:
        return {}


main()
