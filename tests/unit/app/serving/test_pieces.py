import json
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.serving.pieces import elements, fault, first_fault, members

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers()
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
SPACE = [None, 1]


@given(st.lists(VALUES), st.sampled_from(SPACE), st.booleans())
def test_an_array_is_cut_into_its_elements(values: Any, indent: Any, ascii: bool) -> None:
    text = json.dumps(values, indent=indent, ensure_ascii=ascii).encode()

    assert [json.loads(piece) for piece in elements(text)] == values


@given(st.dictionaries(st.text(), VALUES), st.sampled_from(SPACE), st.booleans())
def test_an_object_is_cut_into_its_members(values: Any, indent: Any, ascii: bool) -> None:
    text = json.dumps(values, indent=indent, ensure_ascii=ascii).encode()

    assert {name: json.loads(piece) for name, piece in members(text).items()} == values


@given(st.lists(VALUES, min_size=1, max_size=4), st.integers(0, 3))
def test_what_is_inside_an_element_changes_no_other(values: Any, place: int) -> None:
    place %= len(values)
    texts = [json.dumps(value).encode() for value in values]
    texts[place] = b'{"a": [NaN, "\xff", {}], "b"}'

    pieces = elements(b"[%s]" % b",".join(texts))

    assert pieces == texts
    assert first_fault(pieces) == (place, '{"a": [NaN, "\ufffd", {}], "b"} is not JSON')


@pytest.mark.parametrize(
    "text", [b"", b"[", b"]", b"[[]", b"[]]", b"[{]}", b'["]', b'["\\"]', b"[1,]", b"[,1]", b"{}"]
)
def test_what_does_not_pair_is_no_array(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"it|pair|between"):
        elements(text)


@pytest.mark.parametrize("text", [b"[]", b'{"a"}', b'{"a":}', b"{a:1}", b'{"\xff":1}', b'{"a":1,}'])
def test_what_does_not_pair_is_no_object(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"it|pair|between|member"):
        members(text)


@pytest.mark.parametrize(
    "text",
    [b"[", b"[],", b'"', b'"a', b'{"a":', b'\\"', b"{" * 5 + b"}" * 5, b'["",{},[]],', b","],
)
def test_no_body_of_the_largest_size_holds_up_the_loop(text: bytes) -> None:
    body = b"[%s]" % (text * (8 * 2**20 // len(text)))

    began = process_time()
    with pytest.raises(ValueError, match=r"it|pair|between"):
        elements(body)

    assert process_time() - began < 2


@pytest.mark.parametrize(
    ("piece", "why"),
    [
        (b"1e999", None),
        (b' {"a": [1]} ', None),
        (b" NaN ", "NaN is not JSON"),
        (b'"\xff"', "it is not UTF-8"),
        (b"[" * 100_000 + b"]" * 100_000, "it is nested too deeply"),
        (b"x" * 1000, f"{'x' * 40} is not JSON"),
    ],
)
def test_a_fault_is_told_in_words(piece: bytes, why: str | None) -> None:
    assert fault(piece) == why
