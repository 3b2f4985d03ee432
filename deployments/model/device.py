"""The devices a model may be asked to run on, apart from torch so that naming them is cheap."""

from typing import Literal

Device = Literal["auto", "cpu", "cuda"]
