import pytest
from starlette.types import Scope

from app.edge.options import RequestOptions, options_of
from tests.support.asgi import http


def request_id(*headers: tuple[bytes, bytes]) -> str:
    return RequestOptions(headers).request_id


@pytest.mark.parametrize("given", ["a", "7f9e-15:288080/1", "~!@#", "x" * 128])
def test_a_sound_id_of_the_client_is_kept(given: str) -> None:
    assert request_id((b"x-request-id", given.encode())) == given


@pytest.mark.parametrize(
    "given", [b"", b" ", b"two words", b"line\nbreak", b"x" * 129, "ü".encode(), b"\x00", b"a\x7f"]
)
def test_an_unsound_one_is_replaced(given: bytes) -> None:
    made = request_id((b"x-request-id", given))

    assert len(made) == 32
    assert made.isalnum()


def test_without_one_each_request_gets_its_own() -> None:
    assert request_id() != request_id()


def test_the_first_of_several_counts() -> None:
    assert request_id((b"x-request-id", b"a"), (b"x-request-id", b"b")) == "a"


def test_other_headers_are_not_taken_for_it() -> None:
    assert request_id((b"x-request-id-2", b"a"), (b"request-id", b"b")) not in {"a", "b"}


def test_they_are_read_once_and_stay_with_the_request() -> None:
    scope = http(headers=[(b"x-request-id", b"a")])

    options = options_of(scope)

    assert options.request_id == "a"
    assert options_of({**scope, "headers": []}) is options


def test_the_servers_state_is_left_alone() -> None:
    shared = {"pool": object()}

    ids = {options_of(http(state=shared)).request_id for _ in range(2)}

    assert len(ids) == 2
    assert shared.keys() == {"pool"}


def test_a_websocket_has_an_id_too() -> None:
    scope: Scope = {"type": "websocket", "headers": [(b"x-request-id", b"a")]}

    assert options_of(scope).request_id == "a"


def test_a_request_that_asks_for_nothing_gets_the_defaults() -> None:
    options = RequestOptions([(b"host", b"windsock"), (b"content-type", b"application/json")])

    assert (options.asked_s, options.timing, options.values) == (None, None, False)
    assert (options.accept, options.accept_encoding, options.content_encoding) == (b"", b"", b"")
    assert (options.content_length, options.json_length) == (0, None)


def test_everything_is_read_in_one_go() -> None:
    options = RequestOptions(
        [
            (b"server-timing", b"?1"),
            (b"accept", b"Application/X-NDJSON"),
            (b"accept-encoding", b"gzip"),
            (b"content-encoding", b" GZIP "),
            (b"content-length", b"17"),
            (b"inference-header-content-length", b"12"),
            (b"x-request-timeout-ms", b"50"),
        ],
        b"values=true",
    )

    assert options.timing is not None
    assert (options.accept, options.accept_encoding) == (b"Application/X-NDJSON", b"gzip")
    assert (options.content_encoding, options.content_length) == (b" GZIP ", 17)
    assert (options.json_length, options.asked_s, options.values) == (b"12", 0.05, True)


@pytest.mark.parametrize("length", [b"", b"-1", b"a", b"9" * 5000])
def test_a_length_that_is_none_is_left_to_the_body(length: bytes) -> None:
    assert RequestOptions([(b"content-length", length)]).content_length == 0
