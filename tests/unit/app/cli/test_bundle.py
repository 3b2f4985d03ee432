"""What `windsock bundle` makes and refuses is in tests/unit/training/bundling."""

from tests.unit.app.cli.conftest import Windsock


def test_an_option_that_is_left_out_is_named(windsock: Windsock) -> None:
    refused = windsock("bundle", "--name", "orders")

    assert refused.exit_code == 2
    assert "--program" in refused.stderr
