"""Documents from outside, read to the letter: a name that is not known is refused, not ignored."""

from pydantic import BaseModel, ConfigDict, ValidationError


class StrictModel(BaseModel):
    """Takes its own fields and no others."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())


def first_problem(error: ValidationError) -> str:
    """Where a document is wrong first, and why, in one line."""
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"]) or "the whole"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where}: {problem['msg']}{more}"
