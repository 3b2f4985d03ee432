"""What an API key looks like, to scanners, too."""

import re

import pytest

from app.access.key import PATTERN, checksum, id_of, is_whole, new_key
from tests.support.serve import ROOT


def test_no_two_keys_are_the_same() -> None:
    keys = {new_key() for _ in range(2000)}

    assert len(keys) == len({id_of(key) for key in keys}) == 2000
    assert all(map(is_whole, keys))


def test_a_secret_has_at_least_128_bits() -> None:
    drawn = new_key().rpartition("_")[2][:-6]

    assert 62 ** len(drawn) > 2**128


def test_the_checksum_is_crc_32_in_base_62() -> None:
    # zlib.crc32(b"123456789") is 0xCBF43926, the check value of CRC-32 itself.
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    number = 0
    for digit in checksum("123456789"):
        number = number * 62 + digits.index(digit)

    assert number == 0xCBF43926


def test_a_key_that_changed_anywhere_is_not_whole() -> None:
    key = new_key()
    for place, had in enumerate(key):
        assert not is_whole(key[:place] + ("x" if had != "x" else "y") + key[place + 1 :])
    for other in (key[:-1], key + "0", key.upper(), ""):
        assert not is_whole(other)


@pytest.mark.parametrize(
    "around", ["{}", 'curl -H "authorization: Bearer {}"', "key={}&x=1", "{}."]
)
def test_the_pattern_of_the_docs_finds_a_key_in_what_surrounds_it(around: str) -> None:
    (documented,) = re.findall(r"^    (\\bwsk_\S+)$", (ROOT / "docs/access.md").read_text(), re.M)
    key = new_key()

    assert re.findall(documented, around.format(key)) == [key]
    assert PATTERN.pattern in documented
