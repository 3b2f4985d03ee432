"""What every stage's ``user_config`` holds."""

from pydantic import BaseModel, ConfigDict


class StageSettings(BaseModel):
    """A stage serves whatever version a frame is stamped with; this one it has ready beforehand."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    version: str = "latest"
