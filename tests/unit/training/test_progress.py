import io

import pytest
from rich.console import Console

from training.progress import Step


def log() -> Console:
    return Console(file=io.StringIO(), soft_wrap=True, highlight=False)


def screen() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, force_interactive=True, highlight=False)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_log_gets_one_line_without_control_codes() -> None:
    console = log()
    with Step("teaching", 4, console=console) as step:
        for _ in range(4):
            step.advance()
        step.result = "4 folds"

    text = written(console)
    assert text.count("\n") == 1
    assert text.isprintable() or text.rstrip("\n").isprintable()
    assert text.split() == ["teaching", "4", "folds", "0.0", "s"]


def test_a_log_hears_of_the_parts_of_a_long_step(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([0.0, 20.0, 20.0, 25.0, 30.0, 30.0])
    monkeypatch.setattr("training.progress.perf_counter", lambda: next(seconds))
    console = log()
    with Step("teaching", 3, console=console) as step:
        for _ in range(3):
            step.advance()

    lines = [line.split() for line in written(console).splitlines()]
    assert lines == [["teaching", "1", "of", "3", "20.0", "s"], ["teaching", "30.0", "s"]]


def test_a_step_that_fails_says_so() -> None:
    console = log()
    with pytest.raises(KeyError), Step("joining", console=console):
        raise KeyError("view")

    assert written(console).split() == ["joining", "failed", "0.0", "s"]


def test_a_person_sees_a_bar_and_keeps_the_line() -> None:
    console = screen()
    with Step("joining", 2, console=console) as step:
        step.advance()
        step.result = "2 views"

    text = written(console)
    assert "\x1b[" in text
    assert text.splitlines()[-1].split()[-4:] == ["2", "views", "0.0", "s"]
