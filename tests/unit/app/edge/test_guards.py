"""Guards are closed together."""

import pytest

from app.edge.guards import Guard, Guards


class Closing:
    """The ``name`` of one is in ``closed`` once it was asked to close."""

    def __init__(self, name: str, closed: list[str], *, fails: bool = False) -> None:
        self._name, self._closed, self._fails = name, closed, fails

    async def start(self) -> None: ...

    async def close(self) -> None:
        self._closed.append(self._name)
        if self._fails:
            raise OSError("no disk")

    def problems(self) -> list[str]:
        return []


async def test_each_is_closed_whatever_becomes_of_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    closed: list[str] = []
    first: Guard = Closing("first", closed)
    guards = Guards(
        authenticator=first,  # type: ignore[arg-type]  # only closed here
        limiter=Closing("second", closed, fails=True),  # type: ignore[arg-type]
        aside=Closing("last", closed, fails=True),
    )
    await guards.close()
    assert closed == ["last", "second", "first"]
    assert caplog.messages == ["Closing was not closed in order"] * 2
