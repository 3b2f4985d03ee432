"""What an hour of a resource costs."""

from pydantic import Field

from deployments.strict import StrictModel


class Prices(StrictModel):
    """In the currency of whoever sets them."""

    cpu_hour: float = Field(default=0.04, ge=0, allow_inf_nan=False)
    """Of one CPU, as deployments reserve them (``num_cpus``): about what a virtual one costs."""
    gpu_hour: float = Field(default=2.5, ge=0, allow_inf_nan=False)
    """Of one GPU (``num_gpus``); of a fraction, that fraction of it."""
    gib_hour: float = Field(default=0.005, ge=0, allow_inf_nan=False)
    """Of one GiB (2**30 bytes) of memory, reserved or else held."""

    def of(self, resource: str) -> float:
        """Of the resource of this name in the catalogue."""
        return {"cpu": self.cpu_hour, "gpu": self.gpu_hour, "memory": self.gib_hour}[resource]
