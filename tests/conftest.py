import pytest

from tests.support.example import Example, built_example


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    """The example repo, model and bundle of another shape; tests only read it."""
    return built_example(tmp_path_factory.mktemp("example"))
