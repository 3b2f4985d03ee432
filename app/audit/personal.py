"""What of a record is about somebody, as hashes with a key of that one's own."""

from collections.abc import Sequence

from app.audit.hashes import keyed
from app.audit.record import Record
from app.audit.settings import PersonalSettings
from app.audit.subjects import SubjectKeys, SubjectsUnavailable
from app.serving.contract import Contract, Row
from app.serving.errors import Unrecorded
from deployments.log import get_logger

logger = get_logger(__name__)

_UNTOLD = "it cannot be recorded without telling whom it is about, and so is not answered"


class Personal:
    """Hashes of rows, and of the outputs that say something of their subjects.

    Raises SubjectsUnavailable.
    """

    def __init__(self, settings: PersonalSettings) -> None:
        self._settings = settings
        self._keys = SubjectKeys(settings.keys)
        self._places: dict[Contract, int | None] = {}
        self._problem: str | None = None

    def hide(self, record: Record, contract: Contract, rows: Sequence[Row]) -> None:
        """Hashes of rows and of their subjects, and of what else ``record`` says of these, each by
        the subject's key. Raises Unrecorded."""
        place = self._place(contract)
        subjects = [row[place] for row in rows]
        try:
            keys = self._keys.keys(subjects)
        except SubjectsUnavailable as error:
            self._tell("the keys of subjects cannot be had", error)
            raise Unrecorded(_UNTOLD) from error
        self._problem = None
        for name in self._settings.outputs:
            if values := record.outputs.get(name):
                record.outputs[name] = [
                    None if value is None else keyed(key, value)
                    for key, value in zip(keys, values, strict=True)
                ]
        for fault in record.errors.values():
            fault.message = None
        record.inputs = [*map(keyed, keys, rows)]
        record.subjects = [*map(keyed, keys, subjects)]

    def problems(self) -> list[str]:
        """Why nothing can be recorded, if that is so."""
        return [self._problem] if self._problem else []

    def close(self) -> None:
        self._keys.close()

    def _place(self, contract: Contract) -> int:
        name = self._settings.subject
        if contract not in self._places:
            names = [field.name for field in contract.fields]
            self._places = {contract: names.index(name) if name in names else None}
        if (place := self._places[contract]) is None:
            why = f"the model in service takes no {name!r}, which `personal` names as the subject"
            self._tell(why)
            raise Unrecorded(_UNTOLD)
        return place

    def _tell(self, problem: str, error: Exception | None = None) -> None:
        if self._problem != problem:
            self._problem = problem
            logger.error("audit: %s", f"{problem}: {error}" if error else problem)
