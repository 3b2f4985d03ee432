from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from app.cli.main import cli

Windsock = Callable[..., Result]


@pytest.fixture
def windsock() -> Windsock:
    """The command, in this process, with these arguments."""
    runner = CliRunner()
    return lambda *arguments: runner.invoke(cli, [str(one) for one in arguments])
