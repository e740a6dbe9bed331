"""The service: `uvicorn digits.api:app`. It reads a picture of 64 numbers between 0 and 1."""

import functools
from typing import Annotated

import numpy as np
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

from digits import model, store
from digits.train import trained

app = FastAPI(title="digits")


class Picture(BaseModel):
    """A picture of 8 by 8 pixels, row by row; 0 is white and 1 black."""

    pixels: Annotated[list[Annotated[float, Field(ge=0, le=1)]], Field(min_length=64, max_length=64)]


class Reading(BaseModel):
    """The digit that was read, and how likely it is."""

    digit: int
    probability: float


@functools.cache
def learner() -> model.Model:
    """Load the model with the first request, and once; one that is not there yet is asked for again."""
    found = trained(store.store())
    if found is None:
        raise HTTPException(503, f"no model in {store.place()} yet: train one, then ask again")
    return found


@app.get("/health")
def health() -> dict[str, str]:
    """Say that the service is there."""
    return {"status": "ok"}


@app.post("/predict")
def predict(picture: Picture) -> Reading:
    """Read a picture."""
    likely = learner().probabilities(np.asarray([picture.pixels], dtype=np.float32))[0]
    return Reading(digit=int(likely.argmax()), probability=float(likely.max()))
