"""Outcomes of every kind: each is kept and counted, or refused and told so."""

import asyncio
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.observability.quality.groups import quality
from app.serving.errors import ErrorCode
from tests.support.feedback import Fed
from tests.support.manifests import EXAMPLE

OUTCOME = {"request_id": "a", "outcome": True}


def code(answer: Any) -> str:
    told: str = answer.json()["error"]["code"]
    return told


async def test_an_outcome_finds_its_prediction(service: Fed) -> None:
    await service.predict("a", EXAMPLE)

    answer = await service.tell(OUTCOME | {"fields": {"revenue": 12.5}})

    assert answer.status_code == 200
    assert answer.json()["outcomes"] == [{"prediction": "known"}]
    assert service.counted() == {"joined": 1}
    with closing(service.index()) as index:
        found = index.connection.execute("SELECT segment, day, id FROM groups").fetchall()
        assert {segment for segment, _, _ in found} == {"all", "depot=north"}
        assert len(found) == 4, "of its day, and of all"
        told = quality(index.connection, [found[0][2]], binary=True)
        assert (told.predictions, told.labelled.value) == (1, 1.0)
        assert told.sums == {"revenue": 12.5}


async def test_one_that_comes_first_waits(service: Fed) -> None:
    early = await service.tell(OUTCOME | {"early": True})
    assert early.json()["outcomes"] == [{"prediction": "waiting"}]
    assert service.counted() == {"waiting": 1}

    await service.predict("a", EXAMPLE)

    assert service.counted() == {"joined": 1}


async def test_one_that_nobody_knows_is_refused_and_not_kept(service: Fed) -> None:
    answer = await service.tell(OUTCOME)

    assert (answer.status_code, code(answer)) == (404, "not_found")
    assert "early" in answer.json()["error"]["message"]
    assert service.counted() == {}


async def test_one_told_again_counts_once(service: Fed) -> None:
    await service.predict("a", EXAMPLE)
    same = OUTCOME | {"fields": {"cost": 3}}
    for outcome in (same, same, same | {"outcome": False}, OUTCOME):
        assert (await service.tell(outcome)).is_success

    assert service.counted() == {"joined": 1, "repeated": 1, "contradicting": 2}


async def test_one_told_again_before_its_prediction_counts_once(service: Fed) -> None:
    for outcome in (True, True, False):
        await service.tell({"request_id": "a", "outcome": outcome, "early": True})
    await service.predict("a", EXAMPLE)

    assert service.counted() == {"joined": 1, "repeated": 1, "contradicting": 1}


async def test_one_of_a_refused_request_is_counted(service: Fed) -> None:
    assert (await service.predict("a", EXAMPLE | {"weight": -1})).status_code == 422

    answer = await service.tell(OUTCOME)

    assert answer.json()["outcomes"] == [{"prediction": "refused"}]
    assert service.counted() == {"refused": 1}
    await service.predict("a", EXAMPLE)  # asked again, rightly
    assert service.counted() == {"joined": 1}
    assert (await service.tell(OUTCOME)).json()["outcomes"] == [{"prediction": "known"}]


async def test_a_row_that_is_missing_is_told_though_the_request_was_refused_once(
    service: Fed,
) -> None:
    await service.predict("a", EXAMPLE | {"weight": -1})
    service.index().close()
    await service.predict("a", EXAMPLE)

    assert (await service.tell(OUTCOME)).json()["outcomes"] == [{"prediction": "known"}]
    missing = await service.tell(OUTCOME | {"row": 7})
    assert (missing.status_code, code(missing)) == (422, "out_of_range")


async def test_one_that_waits_for_what_is_refused_is_counted_so(service: Fed) -> None:
    await service.tell(OUTCOME | {"early": True})
    await service.predict("a", EXAMPLE | {"weight": -1})

    assert service.counted() == {"refused": 1}


async def test_rows_of_a_batch_are_counted_as_their_client_counts_them(service: Fed) -> None:
    rows = [EXAMPLE, EXAMPLE | {"weight": -1}, EXAMPLE | {"weight": 900}]
    answer = await service.client.post(
        "/predict/batch", json={"instances": rows}, headers={"x-request-id": "a"}
    )
    assert "error" in answer.json()["predictions"][1]

    told = await service.tell(
        {"outcomes": [OUTCOME | {"row": row, "fields": {"cost": 2**row}} for row in range(4)]}
    )

    *kept, beyond = told.json()["outcomes"]
    assert [one["prediction"] for one in kept] == ["known", "refused", "known"]
    assert beyond["error"]["code"] == "out_of_range"
    assert (beyond["error"]["row"], beyond["error"]["field"]) == (3, "row")
    assert service.counted() == {"joined": 2, "refused": 1}
    with closing(service.index()) as index:
        scores = index.connection.execute("SELECT score, outcome FROM predictions").fetchall()
        assert sorted(scores) == [(0.25, 1.0), (pytest.approx(0.9), 1.0)]
        cost = index.connection.execute("SELECT DISTINCT total FROM sums").fetchall()
        assert cost == [(5.0,)]


async def test_a_request_is_its_principals_alone(shared: Fed) -> None:
    await shared.predict("a", EXAMPLE, "ada")

    other = await shared.tell(OUTCOME, "ben")
    nobodys = await shared.tell(OUTCOME | {"request_id": "b"}, "ben")
    told = await shared.tell(OUTCOME | {"early": True}, "ben")

    assert other.status_code == nobodys.status_code == 404
    assert other.json()["error"] | {"request_id": ""} == nobodys.json()["error"] | {
        "request_id": ""
    }
    assert told.json()["outcomes"] == [{"prediction": "waiting"}]
    assert shared.counted() == {"waiting": 1}
    assert (await shared.tell(OUTCOME, "ada")).json()["outcomes"] == [{"prediction": "known"}]
    assert shared.counted() == {"joined": 1, "waiting": 1}


async def test_two_principals_may_call_their_requests_alike(shared: Fed) -> None:
    for who in ("ada", "ben"):
        await shared.predict("a", EXAMPLE, who)
        await shared.tell(OUTCOME, who)

    assert shared.counted() == {"joined": 2}


def later(**by: float) -> str:
    return (datetime.now(UTC) + timedelta(**by)).isoformat()


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"outcome": "yes"}, "invalid_field"),
        ({"outcome": None}, "invalid_field"),
        ({"outcome": 0.5}, "invalid_field"),
        ({"outcome": 2}, "invalid_field"),
        ({"outcome": [1]}, "invalid_field"),
        ({"request_id": ""}, "out_of_range"),
        ({"request_id": "x" * 129}, "out_of_range"),
        ({"request_id": "a\n"}, "invalid_field"),
        ({"request_id": "ä"}, "invalid_field"),
        ({"request_id": 7}, "invalid_field"),
        ({"row": -1}, "out_of_range"),
        ({"row": 1.5}, "invalid_field"),
        ({"row": 2**40}, "out_of_range"),
        ({"row": 1}, "out_of_range"),
        ({"id": ""}, "out_of_range"),
        ({"id": 2.5}, "invalid_field"),
        ({"id": "x", "row": 0}, "invalid_field"),
        ({"at": later(hours=1)}, "out_of_range"),
        ({"at": "9999-12-31T23:59:59Z"}, "out_of_range"),
        ({"at": "2024-05-01T00:00:00"}, "invalid_field"),
        ({"at": "yesterday"}, "invalid_field"),
        ({"at": 1714521600}, "invalid_field"),
        ({"fields": {"revenue": "12"}}, "invalid_field"),
        ({"fields": {"revenue": 1e300}}, "out_of_range"),
        ({"fields": {"income": 1}}, "invalid_field"),
        ({"fields": [1]}, "invalid_field"),
        ({"early": "yes"}, "invalid_field"),
        ({"label": True}, "unknown_field"),
    ],
)
async def test_what_is_wrong_is_told_and_nothing_is_kept(
    service: Fed, wrong: dict[str, Any], expected: str
) -> None:
    await service.predict("a", EXAMPLE)

    alone = await service.tell(OUTCOME | wrong)
    among = await service.tell({"outcomes": [OUTCOME | wrong, OUTCOME]})

    assert alone.status_code in (400, 404, 422)
    assert code(alone) == expected
    assert alone.json()["error"]["field"]
    assert alone.json()["error"]["row"] is None
    bad, good = among.json()["outcomes"]
    assert bad["error"] | {"request_id": "", "row": None} == alone.json()["error"] | {
        "request_id": ""
    }
    assert bad["error"]["row"] == 0
    assert good == {"prediction": "known"}
    assert service.counted() == {"joined": 1}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", ErrorCode.MALFORMED_JSON),
        (b"{", ErrorCode.MALFORMED_JSON),
        (b"[]", ErrorCode.INVALID_FIELD),
        (b"{}", ErrorCode.MISSING_FIELD),
        (b'{"request_id": "a"}', ErrorCode.MISSING_FIELD),
        (b'{"request_id": "a", "outcome": NaN}', ErrorCode.MALFORMED_JSON),
        (b'{"request_id": "a", "outcome": 1e999}', ErrorCode.OUT_OF_RANGE),
        (
            b'{"request_id": "a", "outcome": true, "fields": {"cost": NaN}}',
            ErrorCode.MALFORMED_JSON,
        ),
        (b'{"outcomes": []}', ErrorCode.EMPTY_BATCH),
        (b'{"outcomes": {}}', ErrorCode.INVALID_FIELD),
        (b'{"outcomes": null}', ErrorCode.INVALID_FIELD),
        (b'{"outcomes": [], "early": true}', ErrorCode.UNKNOWN_FIELD),
        (b'{"outcomes": [{"request_id": "a", "outcome": true}, {]}', ErrorCode.MALFORMED_JSON),
        (b'{"outcomes": [' + b"1," * 1000 + b"1]}", ErrorCode.BATCH_TOO_LARGE),
        (b"\xff", ErrorCode.MALFORMED_JSON),
        (b"[" * 5000, ErrorCode.INVALID_FIELD),
    ],
)
async def test_a_body_that_is_wrong_as_a_whole(
    service: Fed, body: bytes, expected: ErrorCode
) -> None:
    answer = await service.client.post("/feedback", content=body)

    assert (answer.status_code, code(answer)) == (expected.status, expected.code)


async def test_a_thousand_at_once(service: Fed) -> None:
    rows = [EXAMPLE | {"weight": weight} for weight in range(1000)]
    await service.client.post(
        "/predict/batch", json={"instances": rows}, headers={"x-request-id": "a"}
    )

    answer = await service.tell(
        {"outcomes": [{"request_id": "a", "row": n, "outcome": n % 2} for n in range(1000)]}
    )

    assert {one["prediction"] for one in answer.json()["outcomes"]} == {"known"}
    assert service.counted() == {"joined": 1000}


async def test_many_clients_at_once_are_each_told_what_is_theirs(service: Fed) -> None:
    for name in range(0, 100, 2):
        await service.predict(str(name), EXAMPLE)

    answers = await asyncio.gather(
        *(service.tell({"request_id": str(name), "outcome": True}) for name in range(100))
    )

    assert [one.status_code for one in answers] == [200, 404] * 50


async def test_what_the_index_knows_already_is_found_there(service: Fed) -> None:
    await service.predict("a", EXAMPLE)
    service.index().close()
    await service.predict("b", EXAMPLE)

    for name in ("a", "b"):
        assert (await service.tell(OUTCOME | {"request_id": name})).is_success
    assert (await service.tell(OUTCOME | {"request_id": "c"})).status_code == 404


async def test_where_nobody_can_look_an_outcome_is_kept(service: Fed) -> None:
    service.feedback.index.write_bytes(b"this is no database" * 100)

    answer = await service.tell(OUTCOME)

    assert answer.json()["outcomes"] == [{"prediction": "waiting"}]
    assert any("looked up" in problem for problem in service.guards.problems())
