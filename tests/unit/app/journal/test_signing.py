"""The key of seals: made once, of its owner alone, and verified by its public half."""

import asyncio
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.journal.errors import JournalUnusable
from app.journal.settings import SealSettings
from app.journal.signing import ids, key_id, public_key, public_path, signing_key, trusted_keys
from app.secrets import Secret


def of(path: Path) -> SealSettings:
    return SealSettings(key=Secret(file=path))


def test_a_key_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "seals.key"

    made = signing_key(of(path)).public_key()

    assert key_id(signing_key(of(path)).public_key()) == key_id(made)
    assert ids(trusted_keys(of(path))).keys() == {key_id(made)}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(one.name for one in path.parent.iterdir()) == ["seals.key", "seals.key.pub"]


async def test_of_starts_in_the_same_moment_one_makes_it(tmp_path: Path) -> None:
    settings = of(tmp_path / "seals.key")

    keys = await asyncio.gather(*(asyncio.to_thread(signing_key, settings) for _ in range(8)))

    assert len(ids(key.public_key() for key in keys)) == 1


def test_an_auditor_needs_no_private_key(tmp_path: Path) -> None:
    path = tmp_path / "seals.key"
    made = signing_key(of(path)).public_key()
    path.unlink()

    assert ids(trusted_keys(of(path))).keys() == {key_id(made)}
    assert not path.exists()
    public_path(path).unlink()
    with pytest.raises(JournalUnusable, match="no key to verify seals by"):
        trusted_keys(of(path))


def test_a_key_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = signing_key(of(tmp_path / "seals.key")).public_key()
    monkeypatch.setenv("SEALS_KEY", (tmp_path / "seals.key").read_text())
    settings = SealSettings(key=Secret(env="SEALS_KEY"))

    assert key_id(signing_key(settings).public_key()) == key_id(made)
    assert ids(trusted_keys(settings)).keys() == {key_id(made)}


def test_a_public_key_of_another_kind_is_refused() -> None:
    other = generate_private_key(SECP256R1()).public_key()
    for pem in (other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), b"none"):
        with pytest.raises(JournalUnusable, match="not an Ed25519 public key"):
            public_key(pem)
