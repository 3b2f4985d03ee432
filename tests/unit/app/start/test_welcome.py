"""What is printed of graphs that are up, from what they tell of themselves."""

import httpx

from app.start.address import Target
from app.start.welcome import welcome

_BODY = {"content": {"application/json": {"example": {"store": "it's"}}}}


def client(problem: str | None) -> httpx.Client:
    """A client of graphs that tell their prefix as their title."""

    def answer(request: httpx.Request) -> httpx.Response:
        prefix, _, page = request.url.path.rpartition("/")
        if page == "health":
            return httpx.Response(200, json={"status": "ok", "problem": problem})
        document = {
            "info": {"title": f"Orders{prefix}"},
            "paths": {"/predict": {"post": {"requestBody": _BODY}}},
        }
        return httpx.Response(200, json=document)

    return httpx.Client(transport=httpx.MockTransport(answer))


def test_one_graph() -> None:
    target = Target(
        "orders", "http://[::1]:8000", "http://[::1]:8001", "[::1]:9000", key="/a b/.windsock/key"
    )
    with client(None) as asked:
        title, text = welcome(asked, [target], "http://127.0.0.1:8266", "/tmp/log")

    assert title == "Orders is up"
    assert "curl 'http://[::1]:8000/predict' -H" in text
    assert """ -H "authorization: Bearer $(cat '/a b/.windsock/key')" -d""" in text
    assert "Auth " not in text
    assert "http://[::1]:8001, the same without" in text
    assert "Ray dashboard  http://127.0.0.1:8266" in text
    assert "Problem" not in text
    assert "/tmp/log" in text


def test_several_applications_of_which_one_is_not_ours() -> None:
    targets = [
        Target("orders", "http://127.0.0.1:8000/a", None, auth=False),
        Target("returns", "http://127.0.0.1:8000/b", None),
        Target("other", "http://127.0.0.1:8000/c", None, graph=False),
    ]
    with client("an update has no room") as asked:
        title, text = welcome(asked, targets, "http://127.0.0.1:8265", None)

    assert title == "Orders/a and Orders/b and other are up"
    assert text.count("Problem        an update has no room") == 2
    assert text.count("Ray dashboard") == 1
    assert text.count("Auth           off: whoever") == 1
    assert text.count('-H "authorization: Bearer $WINDSOCK_KEY" -d') == 1
    assert "Address        http://127.0.0.1:8000/c" in text
