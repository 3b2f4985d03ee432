"""What a request says of its trace, by W3C Trace Context."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import TraceState

from app.observability.traces.baggage import baggage_of
from app.observability.traces.parent import Parent, parent_of, tracestate_of

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def parent(*given: str) -> Parent | None:
    return parent_of([(b"accept", b"*/*"), *((b"traceparent", one.encode()) for one in given)])


def state(*given: str) -> list[tuple[str, str]]:
    return tracestate_of([(b"tracestate", one.encode()) for one in given])


@pytest.mark.parametrize(
    ("given", "sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"00-{TRACE}-{SPAN}-03", True),
        (f"00-{TRACE}-{SPAN}-fe", False),
        (f" 00-{TRACE}-{SPAN}-01\t", True),
        (f"cc-{TRACE}-{SPAN}-01", True),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like", True),
        (f"fe-{TRACE}-{SPAN}-01-", True),
    ],
)
def test_a_valid_context_is_taken(given: str, sampled: bool) -> None:
    assert parent(given) == (int(TRACE, 16), int(SPAN, 16), sampled)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "00",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01-",
        f"cc-{TRACE}-{SPAN}-01.more",
        f"cc-{TRACE}-{SPAN}-011",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN.upper()}-01",
        f"0A-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-0A",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}0-{SPAN}-01",
        f"00-{TRACE}-{SPAN[1:]}-01",
        f"00-{TRACE[:-1]}.-{SPAN}-01",
        f"00_{TRACE}_{SPAN}_01",
        f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01",
        f"\n00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
    ],
)
def test_what_is_not_valid_is_none(given: str) -> None:
    assert parent(given) is None


def test_several_are_none() -> None:
    assert parent(f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01") is None
    assert parent() is None


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.integers(0, 255))
def test_any_context_is_read_as_it_is_written(trace_id: int, span_id: int, flags: int) -> None:
    text = f"00-{trace_id:032x}-{span_id:016x}-{flags:02x}"
    assert parent(text) == (trace_id, span_id, bool(flags & 1))


@given(st.binary(max_size=70))
def test_anything_else_is_no_error(given: bytes) -> None:
    found = parent_of([(b"traceparent", given)])
    assert found is None or found.trace_id


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["a=1,b=2", "c=3"], [("a", "1"), ("b", "2"), ("c", "3")]),
        ([" a=1\t,, b= 2 ,"], [("a", "1"), ("b", " 2")]),
        (["tenant@vendor=x;y:z"], [("tenant@vendor", "x;y:z")]),
        (["0a@v=1"], [("0a@v", "1")]),
        (["a=" + "x" * 256], [("a", "x" * 256)]),
        (["a" * 256 + "=1"], [("a" * 256, "1")]),
        ([",".join(f"k{n}=1" for n in range(32))], [(f"k{n}", "1") for n in range(32)]),
    ],
)
def test_tracestate_is_passed_on(given: list[str], found: list[tuple[str, str]]) -> None:
    assert state(*given) == found
    assert [*TraceState(found).items()] == found  # so that its spans have it


@pytest.mark.parametrize(
    "given",
    [
        *(
            "a",
            "=1",
            "a=",
            "0a=1",
            "A=1",
            "a=1,b",
            "a=1=2",
            "ä=1",
            "a=ä",
            "a=1,a=2",
            "a@=1",
            "@v=1",
        ),
        "a=" + "x" * 257,
        "a" * 257 + "=1",
        "t@" + "v" * 15 + "=1",
        ",".join(f"k{n}=1" for n in range(33)),
        ",".join(f"k{n}={'x' * 200}" for n in range(12)),
    ],
)
def test_tracestate_that_is_not_valid_is_left_out(given: str) -> None:
    assert state(given) == []


@given(st.binary(max_size=300))
def test_no_tracestate_is_an_error(given: bytes) -> None:
    found = tracestate_of([(b"tracestate", given)])
    assert [*TraceState(found).items()] == found


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("a=1", {"a": "1"}),
        (" a = 1 ; p=q , b=x%2Cy", {"a": "1", "b": "x,y"}),
        ("a=1,a=2", {"a": "2"}),
        ("c=3,a", {}),
        ("a=%ff", {"a": "\ufffd"}),
        ("a=" + "x" * 8192, {}),
    ],
)
def test_of_baggage_what_was_asked_for_is_read(given: str, found: dict[str, str]) -> None:
    assert baggage_of([(b"baggage", given.encode())], ["a", "b"]) == found


@given(st.binary(max_size=200))
def test_no_baggage_is_an_error(given: bytes) -> None:
    baggage_of([(b"baggage", given)], ["a"])
