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


def first_problem(error: ValidationError) -> str:
    """Where a configuration is wrong first, and why, in one line."""
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"]) or "the whole"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where}: {problem['msg']}{more}"


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
