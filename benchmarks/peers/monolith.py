"""FastAPI, Feast and torch in one process.

uvicorn benchmarks.peers.monolith:app
"""

from typing import Any

from fastapi import FastAPI

from benchmarks.peers.work import Flight, Work, answer

app = FastAPI()
work = Work()


@app.post("/predict")
async def predict(flight: Flight) -> dict[str, Any]:
    """`async def`, since the work is all Python: in a thread it only got slower."""
    return answer(work.predict([flight.model_dump()])[0])
