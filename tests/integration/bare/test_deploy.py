"""`serve deploy` onto a cluster that runs already, through Ray's Python proxy, and every other
command of the docs, as they write them."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.cluster import Clusters
from tests.support.pasted import Block, blocks, paste
from tests.support.serve import Server, read_config, ready, root
from tests.support.wait import wait_until

Paste = Callable[[Block], str]

_SHUTDOWN = Block("README.md", '. .venv/bin/activate\neval "$(windsock env)"\nserve shutdown -y')
_DEPLOY = "serve deploy serve_config.yaml"


@pytest.fixture(scope="module")
def server(clusters: Clusters, tmp_path_factory: pytest.TempPathFactory) -> Server:
    folder = tmp_path_factory.mktemp("checkout")
    document = read_config("collapsed", guarded=True)
    root(document, folder)
    return clusters("bare").place(document, folder)


@pytest.fixture(scope="module")
def pasted(server: Server) -> Iterator[Paste]:
    """In a shell beside a service that was deployed by the README's own words."""
    doors = {
        "http://127.0.0.1:8000": server.url,
        "http://127.0.0.1:8001": server.fast_lane,
    }
    environment = {"RAY_DASHBOARD_ADDRESS": server.dashboard}

    def in_a_shell(block: Block) -> str:
        return paste(block, server.config.parent, doors, environment)

    in_a_shell(_SHUTDOWN)  # what another test has started
    (deploy,) = (one for one in blocks() if one.page == "README.md" and _DEPLOY in one.text)
    assert "applications:" in in_a_shell(deploy)  # it ends with `serve status`
    wait_until(lambda: ready(server), "the deployed application", timeout_s=90)
    yield in_a_shell
    in_a_shell(_SHUTDOWN)


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_a_command_of_the_docs_works_when_pasted(
    block: Block, pasted: Paste, server: Server
) -> None:
    told = pasted(block)

    if "curl" in block.text:
        assert "late_probability" in told
    if _DEPLOY in block.text:
        wait_until(lambda: ready(server), "what was deployed again", timeout_s=90)
