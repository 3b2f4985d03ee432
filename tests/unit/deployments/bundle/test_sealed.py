"""Bundles that are encrypted at rest: what is on disk, who opens it, and what is refused."""

import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deployments import keyring
from deployments.bundle.bundle import MANIFEST, BundleError, BundleStore
from deployments.bundle.sealed import MAGIC, Sealing, sealing_of
from deployments.keyring import KeyringError
from deployments.model.backends.load import load
from deployments.model.options import ModelOptions
from tests.support.example import Example


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    keyring.create(tmp_path / "bundles.keys")
    return tmp_path / "bundles.keys"


@pytest.fixture
def models(example: Example, keys: Path, tmp_path: Path) -> Path:
    """The example's models, encrypted."""
    models = tmp_path / "models"
    shutil.copytree(example.bundle.path, models / example.id.name / example.id.version)
    for path in _files(models):
        file = path.relative_to(models / example.id.name / example.id.version).as_posix()
        path.write_bytes(sealing_of(keys).seal(file, path.read_bytes()))
    return models


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def test_one_serves_as_it_did(example: Example, models: Path, keys: Path) -> None:
    bundle = BundleStore(models, keyring=keys.read_bytes).open(example.id)

    assert bundle.manifest == example.bundle.manifest
    # It proves the program and the preprocessing on the golden rows.
    assert load(bundle, ModelOptions(device="cpu")).inline_rows >= 0


def test_nothing_on_disk_is_in_the_clear_neither_before_nor_after(
    example: Example, models: Path, keys: Path, tmp_path: Path
) -> None:
    before = {path for path in _files(tmp_path)}

    load(BundleStore(models, keyring=keys.read_bytes).open(example.id), ModelOptions(device="cpu"))

    assert {path for path in _files(tmp_path)} == before
    plain = [path.read_bytes() for path in _files(example.bundle.path)]
    for path in _files(models):
        sealed = path.read_bytes()
        assert sealed.startswith(MAGIC)
        assert not any(one in sealed for one in plain)


def test_it_is_refused_without_a_keyring_in_words_that_say_so(
    example: Example, models: Path
) -> None:
    with pytest.raises(BundleError, match=r"is encrypted: name its `keyring` under `model`"):
        BundleStore(models).open(example.id)


def test_one_in_the_clear_is_refused_where_there_is_a_keyring(
    example: Example, models: Path, keys: Path
) -> None:
    """Otherwise whoever can write to the folder need not know a key."""
    shutil.copytree(example.bundle.path.parent.parent, models, dirs_exist_ok=True)

    with pytest.raises(BundleError, match="not encrypted, and with a keyring every file has to be"):
        BundleStore(models, keyring=keys.read_bytes).open(example.id)


def test_a_keyring_that_is_away_or_of_others_opens_nothing(
    example: Example, models: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.keys"

    with pytest.raises(BundleError, match="cannot be opened"):
        BundleStore(models, keyring=other.read_bytes).open(example.id)

    keyring.create(other)
    with pytest.raises(BundleError, match="cannot be opened"):
        BundleStore(models, keyring=other.read_bytes).open(example.id)


def _flip(path: Path, _: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def _cut(path: Path, _: Path) -> None:
    path.write_bytes(path.read_bytes()[: len(MAGIC) + 1])


def _swap(path: Path, other: Path) -> None:
    path.write_bytes(other.read_bytes())


@pytest.mark.parametrize("change", [_flip, _cut, _swap])
def test_a_file_that_was_changed_is_refused(
    example: Example, models: Path, keys: Path, change: Callable[[Path, Path], None]
) -> None:
    folder = models / example.id.name / example.id.version
    for path in list(_files(folder)):
        whole = path.read_bytes()
        other = next(one for one in _files(folder) if one != path)
        change(path, other)
        with pytest.raises(BundleError, match="cannot be opened"):
            BundleStore(models, keyring=keys.read_bytes).open(example.id)
        path.write_bytes(whole)


def test_a_newer_file_of_the_same_name_is_found_by_its_checksum(
    example: Example, models: Path, keys: Path
) -> None:
    path = models / example.id.name / example.id.version / "golden.json"
    path.write_bytes(sealing_of(keys).seal("golden.json", b"{}"))

    with pytest.raises(BundleError, match="is damaged"):
        BundleStore(models, keyring=keys.read_bytes).open(example.id)


def test_a_new_key_leaves_what_is_there_as_it_is(
    example: Example, models: Path, keys: Path
) -> None:
    before = {path: path.read_bytes() for path in _files(models)}

    keyring.rotate(keys)

    BundleStore(models, keyring=keys.read_bytes).open(example.id)
    assert {path: path.read_bytes() for path in _files(models)} == before
    manifest = models / example.id.name / example.id.version / MANIFEST
    again = sealing_of(keys).seal(MANIFEST, sealing_of(keys).open(MANIFEST, before[manifest]))
    primary = keyring.Keyring.read(keys).primary.encode()
    assert primary in again[:100]
    assert primary not in before[manifest][:100]


def test_the_store_that_ray_carries_to_replicas_holds_no_key(
    example: Example, models: Path, keys: Path
) -> None:
    carried = pickle.dumps(BundleStore(models, keyring=keys.read_bytes))

    secrets = keyring.Keyring.read(keys).keys.values()
    assert not any(secret in carried for secret in secrets)
    assert keys.read_bytes() not in carried
    assert pickle.loads(carried).open(example.id).manifest == example.bundle.manifest


def test_what_is_too_large_is_refused_while_it_is_written(keys: Path) -> None:
    class Large(bytes):
        def __len__(self) -> int:
            return 2**31

    with pytest.raises(KeyringError, match=r"model\.pt2 is too large to be encrypted"):
        Sealing(keys.read_bytes).seal("model.pt2", Large())
