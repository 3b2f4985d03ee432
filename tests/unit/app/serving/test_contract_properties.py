import contextlib
import json
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.serving.contract import Contract, Row
from app.serving.errors import InvalidRequest
from tests.support.manifests import field, manifest

CONTRACT = Contract(
    manifest(
        entities=[field("name"), field("lane", "int64")],
        request_features=[
            field("weight", "float64"),
            field("pieces", "int64"),
            field("insured", "bool"),
            field("sent_at", "timestamp"),
        ],
    )
)
PANDAS_FIRST, PANDAS_LAST = datetime(1700, 1, 1), datetime(2262, 1, 1)

repeatable = settings(derandomize=True, deadline=None, database=None, max_examples=150)

offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
rows = st.fixed_dictionaries(
    {
        "name": st.text(st.characters(exclude_categories=["Cs"]), max_size=256),
        "lane": st.integers(-(2**63), 2**63 - 1),
        "weight": st.floats(allow_nan=False, allow_infinity=False),
        "pieces": st.integers(-(2**63), 2**63 - 1),
        "insured": st.booleans(),
        "sent_at": st.datetimes(
            PANDAS_FIRST + timedelta(days=1), PANDAS_LAST - timedelta(days=1), timezones=offsets
        ),
    }
)
texts = st.text(st.characters(exclude_categories=[]))
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)  # JSON has neither
    | texts
    | st.datetimes(timezones=offsets | st.none()).map(datetime.isoformat),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(["name", "lane", "weight", "pieces", "insured", "sent_at", "instances"])


def encode(value: Any) -> bytes:
    return json.dumps(value, default=datetime.isoformat).encode()


@repeatable
@given(rows)
def test_every_value_in_range_reaches_its_column(row: dict[str, Any]) -> None:
    decoded = CONTRACT.decode(encode(row))
    columns = {name: column.tolist()[0] for name, column in CONTRACT.columns([decoded]).items()}

    assert columns == row | {"sent_at": row["sent_at"].timestamp()}


@repeatable
@given(st.dictionaries(names, anything) | anything)
def test_any_json_is_either_a_row_or_refused(value: Any) -> None:
    with contextlib.suppress(InvalidRequest):
        CONTRACT.columns([CONTRACT.decode(encode(value))])


@repeatable
@given(rows, names, anything)
def test_any_value_of_a_field_is_either_carried_or_refused(
    row: dict[str, Any], name: str, value: Any
) -> None:
    with contextlib.suppress(InvalidRequest):
        CONTRACT.columns([CONTRACT.decode(encode(row | {name: value}))])


@repeatable
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_the_clients_terms(request: bytes) -> None:
    for decode in (CONTRACT.decode, lambda body: CONTRACT.decode_batch(body, 10)):
        with contextlib.suppress(InvalidRequest):
            decode(request)


@repeatable
@given(st.lists(rows | anything, min_size=1, max_size=4))
def test_a_row_of_a_batch_is_judged_as_it_would_be_alone(instances: list[Any]) -> None:
    answers = CONTRACT.decode_batch(b'{"instances":%s}' % encode(instances), 10)

    assert [verdict(answer) for answer in answers] == [alone(one) for one in instances]
    assert [answer.row for answer in answers if isinstance(answer, InvalidRequest)] == [
        place for place, answer in enumerate(answers) if isinstance(answer, InvalidRequest)
    ]


def alone(instance: Any) -> object:
    try:
        return CONTRACT.decode(encode(instance))
    except InvalidRequest as error:
        return verdict(error)


def verdict(answer: Row | InvalidRequest) -> object:
    if isinstance(answer, InvalidRequest):
        return (answer.code, answer.field, answer.message)
    return answer
