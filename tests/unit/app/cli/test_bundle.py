from pathlib import Path

import pytest

from tests.support.bundling import Command
from tests.support.example import NAME, Example
from tests.unit.app.cli.conftest import Windsock


@pytest.fixture
def command(example: Example, tmp_path: Path) -> Command:
    return Command(example, tmp_path)


def test_it_prints_where_the_bundle_is(windsock: Windsock, command: Command) -> None:
    done = windsock("bundle", *(part for option in command.options.items() for part in option))

    assert done.exit_code == 0
    assert Path(done.output.strip()).parent == command.models / NAME


def test_what_is_wrong_is_told_in_one_line(windsock: Windsock, command: Command) -> None:
    command.options["--data"] = str(command.folder / "absent")
    done = windsock("bundle", *(part for option in command.options.items() for part in option))

    assert done.exit_code == 2
    assert done.stderr == f"windsock bundle: there is no file {command.folder / 'absent'}\n"
    assert not command.models.exists()


def test_an_option_that_is_left_out_is_named(windsock: Windsock) -> None:
    refused = windsock("bundle", "--name", "orders")

    assert refused.exit_code == 2
    assert "--program" in refused.stderr
