"""How the graphs of a config file have their clients show who they are."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from app.start.address import ConfigError
from app.start.auth import auth_of


def write(folder: Path, *auths: Any) -> Path:
    """A config of graphs 0, 1 and so on, which say this of ``auth``; ``...`` says nothing."""
    applications = [
        {"name": str(place), "import_path": "app.graph:build"}
        | ({} if auth is ... else {"args": {"auth": auth}})
        for place, auth in enumerate(auths)
    ]
    config = folder / "serve_config.yaml"
    config.write_text(
        yaml.safe_dump({"applications": [*applications, {"import_path": "other:app"}]})
    )
    return config


def test_paths_start_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = write(tmp_path, ...).relative_to(tmp_path)

    auth = auth_of(config)

    assert auth.keys == tmp_path / ".windsock" / "keys.json"
    assert auth.pepper.file == tmp_path / ".windsock" / "pepper"


def test_graphs_of_the_same_keys_need_no_name(tmp_path: Path) -> None:
    config = write(tmp_path, {"keys": "a.json"}, {"keys": "a.json"})

    assert auth_of(config).keys == auth_of(config, "1").keys == tmp_path / "a.json"


@pytest.mark.parametrize(
    ("auths", "application", "why"),
    [
        (({"keys": "a.json"}, {"keys": "b.json"}), None, "name one by --application"),
        ((...,), "2", "has no graph '2': it has 0"),
        ((False,), None, "auth: off"),
        ((...,) * 0, None, "has no graph"),
        (({"keyz": "a.json"},), None, "auth: keyz"),
        (({"pepper": {"env": "A", "file": "b"}},), None, "name either env"),
    ],
)
def test_what_names_no_keys_is_refused(
    tmp_path: Path, auths: tuple[Any, ...], application: str | None, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        auth_of(write(tmp_path, *auths), application)
