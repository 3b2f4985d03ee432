"""How drift is looked for."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from app.folder import FilePath
from app.journal.settings import JournalSettings, SealSettings
from deployments.strict import StrictModel

# Validated with the folder of the file, in which their paths start.
_SEALS: Any = {}
_JOURNAL: Any = {}


class DriftSealSettings(SealSettings, validate_default=True):
    """Counts are sealed as all journals are, though nobody has to prove anything by them."""

    directory: FilePath = Path(".windsock/drift-seals")
    every_s: float = Field(default=3600, ge=0.1, le=3600)


class DriftJournalSettings(JournalSettings, validate_default=True):
    """That of the counts. It is small: what is deleted is gone from no window but a very slow
    one's."""

    directory: FilePath = Path(".windsock/drift")
    unwritable: Literal["serve"] = "serve"
    """No answer waits for its count, so that none could be refused for it."""
    segment_bytes: int = Field(default=2**20, ge=4096)
    segment_s: float = Field(default=3600, ge=1)
    keep_bytes: int | None = Field(default=4 * 2**20, ge=4096)
    seals: DriftSealSettings = _SEALS


class DriftSettings(StrictModel, validate_default=True):
    """What is compared with training, and how far it may be from it."""

    rows: int = Field(default=2000, ge=500)
    """The window: the newest rows of a version, of all replicas of a node. At 2,000 chance alone
    makes a PSI of 0.01, a shift of 0.3 standard deviations 0.09. Larger where rows of a few seconds
    are alike, as many clients ask at once about the same things."""
    least_rows: int = Field(default=500, ge=100)
    """A window of fewer rows gives no alarm."""
    age_s: float = Field(default=86_400, gt=0)
    """Rows that are older count no more."""
    rows_per_s: int = Field(default=100, ge=1)
    """Most rows that a replica counts in a second, beside a window at once after a quiet time; of
    more it takes some batches and leaves others, evenly. Counting 1,000 rows of 80 columns a second
    takes 1 to 5 % of a core, and tells nothing sooner that lasts for a minute."""
    tolerance: float = Field(default=0.05, ge=0)
    """PSI beyond chance that is no alarm: of a bell curve a shift of 0.22 standard deviations. The
    field's 0.1 would be 0.32."""
    natural: float = Field(default=2.0, ge=0)
    """How many times the largest PSI that rows of training in a row had against all of it is no
    alarm: what comes is not always within what was. 0 where training has no event times to go by,
    or is not to excuse anything."""
    tolerances: dict[str, float] = Field(default_factory=dict)
    """Of single columns and outputs, in place of both."""
    leave_out: list[str] = Field(default_factory=list)
    """Columns and outputs that are not looked at."""
    every_s: float = Field(default=5.0, gt=0)
    """How often the window is compared."""
    journal: DriftJournalSettings = _JOURNAL
    """Where replicas put their counts for the node's."""
