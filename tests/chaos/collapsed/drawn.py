"""Requests that Hypothesis draws: near a sound one, and far from any."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.chaos.collapsed.hostile import request

DRAWN_AT_ONCE = 16
"""Requests that are sent together: one at a time would mostly wait."""

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.datetimes().map(lambda at: at.isoformat())
    | st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat())
)
_JSON = st.recursive(
    _SCALARS,
    lambda parts: (
        st.lists(parts, max_size=4) | st.dictionaries(st.text(max_size=20), parts, max_size=4)
    ),
    max_leaves=12,
)
_TOKEN = st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=40)
_NAMES = st.sampled_from(
    [
        *("x-request-timeout-ms", "x-request-id", "server-timing", "content-type", "host"),
        *("content-length", "transfer-encoding", "connection", "expect", "upgrade", "accept"),
        *("x-request-timeout-seconds", "traceparent", "origin", "cookie", "authorization"),
    ]
)
_HEADERS = st.lists(
    st.builds("{}: {}".format, _NAMES | _TOKEN, _TOKEN | st.integers().map(str)), max_size=3
)
_METHODS = st.sampled_from(["POST", "POST", "POST", "GET", "PUT", "HEAD", "OPTIONS"]) | _TOKEN
_TARGETS = st.sampled_from(["/predict", "/predict/batch", "/models", "/docs"]) | st.builds(
    "/{}".format, _TOKEN
)


def requests_of(row: dict[str, Any]) -> st.SearchStrategy[list[bytes]]:
    """Lists of requests, many of them like one for ``row``."""
    nearly = st.fixed_dictionaries(
        {}, optional={name: st.just(value) | _SCALARS for name, value in row.items()}
    )
    wrong_in_one = st.builds(
        lambda name, value: row | {name: value}, st.sampled_from(sorted(row)), _JSON
    )
    bodies = (
        _JSON
        | nearly
        | wrong_in_one
        | st.builds(lambda rows: {"instances": rows}, st.lists(nearly | wrong_in_one | _JSON))
    )
    one = st.builds(
        lambda body, method, target, headers: request(body, method, target, *headers),
        bodies.map(lambda body: json.dumps(body).encode()) | st.binary(max_size=200),
        _METHODS,
        _TARGETS,
        _HEADERS,
    )
    return st.lists(one, min_size=DRAWN_AT_ONCE, max_size=DRAWN_AT_ONCE)
