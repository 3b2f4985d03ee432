"""What every stage's ``user_config`` holds, and how a change to it is taken."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from deployments.log import get_logger
from deployments.strict import StrictModel, first_problem

S = TypeVar("S", bound=StrictModel)

logger = get_logger(__name__)


class StageSettings(StrictModel):
    """A stage serves whatever version a frame is stamped with; this one it has ready beforehand."""

    version: str = "latest"
    """A directory under ``<models>/<name>/``; ``latest`` is the newest when the setting is read."""


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
        logger.error("user_config refused, the one before stays: %s", first_problem(error))
        return in_force
