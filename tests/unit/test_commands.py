"""Commands in the docs bring what they need; tests/integration/bare/test_deploy.py pastes them."""

import re

import pytest

from tests.support.pasted import Block, blocks

_NEEDED = {
    r"(windsock|serve|ray) |eval ": ". .venv/bin/activate",
    r"(serve|ray) ": 'eval "$(windsock env)"',
}


def brings_all(block: Block) -> bool:
    """Whether each line that needs another has it before."""
    lines = [line.partition(" #")[0].strip() for line in block.text.splitlines()]
    return all(
        needed in lines[:place]
        for command, needed in _NEEDED.items()
        for place, line in enumerate(lines)
        if re.match(command, line)
    )


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_a_block_brings_what_it_needs(block: Block) -> None:
    assert brings_all(block), block.text


def test_the_pages_have_such_blocks() -> None:
    text = "\n".join(one.text for one in blocks())
    for command in (
        "curl ",
        "serve deploy ",
        "serve status",
        "ray get-auth-token",
        "windsock check",
    ):
        assert command in text
    assert "serve run" not in text


def test_a_block_without_is_found() -> None:
    needed = list(_NEEDED.values())
    for lines in (["serve status"], ["serve status", *needed], [needed[0], "ray status"]):
        assert not brings_all(Block("README.md", "\n".join(lines)))
    assert brings_all(Block("README.md", "\n".join([*needed, "serve status  # all"])))
