from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from app.cli.main import cli
from tests.support.apart import apart

Windsock = Callable[..., Result]


@pytest.fixture
def windsock() -> Windsock:
    """The command, in this process, with these arguments; it asks about ports that no graph of
    whoever runs it has."""
    runner = CliRunner(
        env={name: value for name, value in apart().items() if name != "RAY_ADDRESS"}
    )
    return lambda *arguments: runner.invoke(cli, [str(one) for one in arguments])
