"""FastAPI, Feast and torch in one process.

uvicorn benchmarks.peers.monolith:app
"""

from datetime import datetime
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.peers.work import Work, answer

app = FastAPI()
work = Work()


class Flight(BaseModel):
    """A request."""

    carrier: str
    origin: str
    dest: str
    tailnum: str
    scheduled_departure: datetime


@app.post("/predict")
async def predict(flight: Flight) -> dict[str, Any]:
    """`async def`, since the work is all Python: in a thread it only got slower."""
    return answer(work.predict([flight.model_dump()])[0])
