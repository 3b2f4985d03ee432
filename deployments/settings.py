"""What every stage's ``user_config`` holds, and how a change to it is taken."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from deployments.log import get_logger

S = TypeVar("S", bound=BaseModel)

logger = get_logger(__name__)


class StageSettings(BaseModel):
    """A stage serves whatever version a frame is stamped with; this one it has ready beforehand."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    version: str = "latest"


def accepted(kind: type[S], user_config: Mapping[str, Any], in_force: S | None) -> S:
    """The settings in ``user_config``; raises ValidationError for the first that are wrong.

    Wrong ones later are logged and leave those in force: Serve would otherwise take every replica
    out of service, one after the other, over a typing error.
    """
    try:
        return kind.model_validate(user_config)
    except ValidationError as error:
        if in_force is None:
            raise
        logger.error("user_config refused, the one before stays in force: %s", error)
        return in_force
