"""Scores in bins, finer where scores of rare events and near-certain ones lie."""

import struct

_FLOAT = struct.Struct(">f")
_BITS = struct.Struct(">I")
_DROPPED = 12  # of the 23 bits of a float32's mantissa: 11 are left
_LARGEST = 3.4028234e38


def bin_of(score: float) -> int:
    """A whole number that grows with the score. Scores of one bin differ by less than 1/2048 of
    themselves, or, between 0.5 and 1, of what is missing to 1. 0.5 begins a bin."""
    if 0.5 <= score <= 1.0:
        return 2 * _HALF - _bits(1.0 - score)
    if score > 1.0:
        return 2 * _HALF + 1 + _bits(score) - _ONE
    return _bits(abs(score)) if score >= 0.0 else -1 - _bits(-score)


def _bits(score: float) -> int:
    """The sign of a positive number, its exponent, and the first bits of its mantissa: as whole
    numbers they have the order of the numbers (IEEE 754)."""
    (bits,) = _BITS.unpack(_FLOAT.pack(min(score, _LARGEST)))
    return int(bits) >> _DROPPED


_HALF, _ONE = _bits(0.5), _bits(1.0)
