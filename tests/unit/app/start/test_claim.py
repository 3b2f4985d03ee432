"""Of two starts at once, only one has a port, although both would find it free."""

import subprocess
import sys

import pytest

from app.start.address import ConfigError
from app.start.claim import claimed
from app.start.ports import check_port
from tests.support.serve import free_port

_CLAIM = """
import sys
from app.start.claim import claimed
from app.start.ports import check_port
with claimed([int(sys.argv[1])]):
    print("claimed", flush=True)
    input()
"""


def test_the_second_says_who_the_first_is() -> None:
    port = free_port()
    command = [sys.executable, "-c", _CLAIM, str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"claimed\n"
        with pytest.raises(ConfigError) as refused, claimed([free_port(), port]):
            pass
        first.kill()

    told = str(refused.value)
    assert told.startswith(f"another windsock has port {port}, process {first.pid} (python")
    assert 'give this one ports and files of its own by eval "$(windsock env --beside' in told
    with claimed([port]):  # the kernel has taken back what was killed
        pass


def test_what_was_claimed_is_free_after_the_block_and_after_a_refusal() -> None:
    first, second = sorted((free_port(), free_port()))
    with claimed([second]), pytest.raises(ConfigError), claimed([first, second]):
        pass
    with claimed([first, second]):
        pass


def test_a_claim_takes_no_port_from_who_is_to_have_it() -> None:
    port = free_port()
    with claimed([port, port]):
        check_port("http_options", "127.0.0.1", port)
