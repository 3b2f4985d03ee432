from pathlib import Path

import numpy as np
import pytest

from deployments.frames import Failure, Frame, Status
from tests.support.chains import lookup, weighing
from tests.support.manifests import EXAMPLE
from tests.support.streams import stream
from tests.unit.app.protocols.stream.services import Door, service

BAD = {
    "no JSON": (b"{", None, "malformed_json", None),
    "nothing": (b"", None, "malformed_json", None),
    "not UTF-8": (b'{"id": 1, "instance": {"depot": "\xff"}}', 1, "malformed_json", "depot"),
    "not a number": (b'{"id": 1, "instance": {"weight": NaN}}', 1, "malformed_json", "weight"),
    "its id last": (b'{"instance": {"weight": NaN}, "id": "a"}', "a", "malformed_json", "weight"),
    "half": (b'{"id": 1, "instance": {"depot": "\\ud800"}}', 1, "malformed_json", "depot"),
    "no row": (b'{"id": 1, "instance": NaN}', 1, "malformed_json", None),
    "no id but NaN": (b'{"instance": {"weight": NaN}}', None, "malformed_json", "instance"),
    "NaN for id": (b'{"id": NaN, "instance": {}}', None, "malformed_json", "id"),
    "NaN ms": (b'{"id": 1, "instance": {}, "timeout_ms": NaN}', 1, "malformed_json", "timeout_ms"),
    "no object": (b"[1]", None, "invalid_field", None),
    "nested": (b'{"id": 1, "instance": ' + b"[" * 10_000, None, "malformed_json", None),
    "no id": (b'{"instance": {}}', None, "missing_field", "id"),
    "null": (b'{"id": null, "instance": {}}', None, "invalid_field", "id"),
    "true": (b'{"id": true, "instance": {}}', None, "invalid_field", "id"),
    "a fraction": (b'{"id": 1.5, "instance": {}}', None, "invalid_field", "id"),
    "empty": (b'{"id": "", "instance": {}}', None, "out_of_range", "id"),
    "long": (b'{"id": "%b", "instance": {}}' % (b"x" * 129), None, "out_of_range", "id"),
    "huge": (b'{"id": %b, "instance": {}}' % (b"9" * 30), None, "out_of_range", "id"),
    "no instance": (b'{"id": 1}', 1, "missing_field", "instance"),
    "an empty row": (b'{"id": 1, "instance": {}}', 1, "missing_field", "depot"),
    "a list": (b'{"id": 1, "instance": []}', 1, "invalid_field", None),
    "unknown": (b'{"id": 1, "row": 2, "instance": {}}', 1, "unknown_field", "row"),
    "no time": (b'{"id": 1, "instance": {}, "timeout_ms": 0}', 1, "out_of_range", "timeout_ms"),
    "words": (b'{"id": 1, "instance": {}, "timeout_ms": "1"}', 1, "invalid_field", "timeout_ms"),
}


async def test_a_bad_row_gets_an_error_and_the_connection_lives(tmp_path: Path) -> None:
    async with (
        service(tmp_path) as served,
        stream(served.url, headers=[("x-request-id", "c1")]) as client,
    ):
        for case, (message, row_id, code, field) in BAD.items():
            await client.socket.send(message)
            answer = await client.answer()
            error = answer.pop("error")
            assert answer == {"id": row_id}, case
            assert (error["code"], error["field"]) == (code, field), case
            assert (error["row"], error["request_id"]) == (None, "c1"), case
        assert "outputs" in await client.ask(1, EXAMPLE)


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"weight": -1}, "out_of_range", "weight"),
        ({"sent_at": "1850-01-01T00:00:00Z"}, "out_of_range", "sent_at"),
        ({"more": 1}, "unknown_field", "more"),
        ({"depot": None}, "invalid_field", "depot"),
    ],
)
async def test_a_row_is_held_to_the_contract(
    tmp_path: Path, wrong: dict[str, object], code: str, field: str
) -> None:
    async with service(tmp_path) as served, stream(served.url) as client:
        answer = await client.ask("r", EXAMPLE | wrong)

    assert (answer["id"], answer["error"]["code"], answer["error"]["field"]) == ("r", code, field)


async def test_an_id_is_free_again_once_its_row_is_answered(tmp_path: Path) -> None:
    door = Door()
    async with service(tmp_path, weighing(door)) as served, stream(served.url) as client:
        door.shut()
        await client.send("a", EXAMPLE)
        twice = await client.ask("a", EXAMPLE)
        door.let.set()
        first = await client.answer()
        again = await client.ask("a", EXAMPLE)

    assert (twice["id"], twice["error"]["code"]) == ("a", "invalid_field")
    assert "still under way" in twice["error"]["message"]
    assert "outputs" in first
    assert "outputs" in again


async def test_a_row_that_a_policy_refuses_is_an_error(tmp_path: Path) -> None:
    async def refuse(frame: Frame) -> Frame:
        found = await lookup(frame)
        assert found.views is not None
        found.views.refused = np.where(frame.columns["weight"] == 1, 1, -1).astype(np.int8)
        found.views.status[1] = Status.MISSING
        return found

    async with service(tmp_path, weighing(refuse)) as served, stream(served.url) as client:
        refused = await client.ask("a", EXAMPLE | {"weight": 1})
        answered = await client.ask("a", EXAMPLE)

    assert refused["error"]["code"] == "missing_features"
    assert "outputs" in answered


async def test_a_row_that_a_stage_fails_for_takes_no_other_along(tmp_path: Path) -> None:
    async def breaks(frame: Frame) -> Frame:
        found = await lookup(frame)
        failing = np.flatnonzero(frame.columns["weight"] == 13).tolist()
        found.failed = dict.fromkeys(failing, Failure("on-demand view 'tax' failed"))
        return found

    async with service(tmp_path, weighing(breaks)) as served, stream(served.url) as client:
        for weight in range(10, 20):
            await client.send(weight, EXAMPLE | {"weight": weight})
        answers = await client.answers(10)

    failed = {row_id: one["error"] for row_id, one in answers.items() if "error" in one}
    assert failed.keys() == {13}
    assert failed[13]["code"] == "row_failed"
    assert "'tax'" in failed[13]["message"]
