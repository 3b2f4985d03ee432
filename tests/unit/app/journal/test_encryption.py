"""A journal that is encrypted at rest: opened by its keyring, verified without it."""

import os
from pathlib import Path

import pytest

from app.journal.encryption import keyring_of
from app.journal.errors import JournalUnusable
from app.journal.reading import read
from app.journal.report import Kind
from app.secrets import Secret
from deployments.keyring import Keyring, KeyringError, create, rotate
from tests.support.journals import Written, journal_settings, opened, verified

SECRET = b"the patient of room 12 " * 20


def stored(written: Written, keyring: Keyring | None) -> list[bytes]:
    return [record.data for record in read(written.directory, keyring=keyring)]


def test_nothing_is_readable_without_the_keyring(tmp_path: Path) -> None:
    keyring = create(tmp_path / "keyring")
    written = Written(tmp_path, keyring=keyring)
    written.write([b"one"], [SECRET, SECRET])
    written.seal()

    content = b"".join(path.read_bytes() for path in written.segments)
    assert b"one" not in content
    assert b"patient" not in content
    assert stored(written, keyring) == [b"one", SECRET, SECRET]
    with pytest.raises(KeyringError, match="name its keyring"):
        stored(written, None)
    assert not written.verify().findings


def test_keys_are_rotated_without_writing_anything_anew(tmp_path: Path) -> None:
    path = tmp_path / "keyring"
    written = Written(tmp_path, keyring=create(path))
    written.write([b"one"])
    written.close()
    (old,) = written.segments
    before = old.read_bytes()

    written.form = Written(tmp_path / "other", keyring=rotate(path)).form
    written.open()
    written.write([b"two"])
    written.seal()

    assert old.read_bytes() == before
    ring = Keyring.read(path)
    assert stored(written, ring) == [b"one", b"two"]
    assert not written.verify().findings
    new_alone = Keyring(ring.primary, {ring.primary: ring.keys[ring.primary]})
    with pytest.raises(KeyringError, match="has no key '20"):
        stored(written, new_alone)


def test_each_segment_has_a_key_of_its_own(tmp_path: Path) -> None:
    keyring = create(tmp_path / "keyring")
    written = Written(tmp_path, keyring=keyring)
    for _ in range(2):
        written.write([SECRET])
        written.chain.turn_over()

    first, second = (path.read_bytes() for path in written.segments[:2])

    assert first[-100:] != second[-100:]


def test_encryption_may_begin_and_end(tmp_path: Path) -> None:
    keyring = create(tmp_path / "keyring")
    written = Written(tmp_path)
    written.write([b"open"])
    written.close()
    written.form = Written(tmp_path / "other", keyring=keyring).form
    written.open()
    written.write([b"closed"])
    written.close()
    written.form = Written(tmp_path / "third").form
    written.open()
    written.write([b"open again"])
    written.seal()

    assert stored(written, keyring) == [b"open", b"closed", b"open again"]
    assert not written.verify().findings


def test_what_is_altered_is_not_decrypted(tmp_path: Path) -> None:
    keyring = create(tmp_path / "keyring")
    written = Written(tmp_path, keyring=keyring)
    written.write([b"one"], [b"two"])
    written.seal()
    (path,) = written.segments
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)

    assert stored(written, keyring) == [b"one"]
    assert [found.kind for found in written.verify().problems] == [Kind.TRUNCATED]


@pytest.mark.parametrize("durability", ["write", "fsync"])
async def test_a_service_that_encrypts(tmp_path: Path, durability: str) -> None:
    create(tmp_path / "keyring")
    settings = journal_settings(
        tmp_path, durability=durability, keyring=Secret(file=tmp_path / "keyring")
    )
    async with opened(settings) as journal:
        await journal.append(SECRET).kept()
    async with opened(settings) as journal:
        await journal.append(SECRET).kept()

    records = read(settings.directory, keyring=keyring_of(settings))
    assert [record.data for record in records] == [SECRET, SECRET]
    assert not verified(settings).findings


def test_a_keyring_is_told_from_no_keyring(tmp_path: Path) -> None:
    assert keyring_of(journal_settings(tmp_path)) is None
    (tmp_path / "keyring").write_bytes(os.urandom(40))
    with pytest.raises(JournalUnusable, match="keyring: a keyring is JSON"):
        keyring_of(journal_settings(tmp_path, keyring=Secret(file=tmp_path / "keyring")))
