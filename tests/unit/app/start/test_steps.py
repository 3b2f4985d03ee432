from io import StringIO

import pytest
from rich.console import Console

from app.start.steps import steps


def shown(console: Console, *, live: bool = True) -> str:
    with steps(console, live=live) as under_way:
        for step in ("Checking [a]", "Checking [a]", "Starting"):
            under_way.show(step)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_without_a_terminal_each_step_is_one_plain_line() -> None:
    lines = shown(Console(file=StringIO())).splitlines()

    assert [line.split(" s  ")[1] for line in lines] == ["Checking [a]", "Starting"]
    assert all(float(line.split(" s  ")[0]) < 60 for line in lines)


@pytest.mark.parametrize("live", [True, False])
def test_on_a_terminal_one_line_moves_and_goes(live: bool) -> None:
    text = shown(Console(file=StringIO(), force_terminal=True), live=live)

    assert ("\x1b[2K" in text) == live
    assert "Starting" in text
    if live:
        assert text.rstrip().endswith("\x1b[2K")
