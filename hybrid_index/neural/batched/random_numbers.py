"""Random numbers by counting, as tensors: those of :mod:`hybrid_index.random_stream`, on any device.

A number is a hash of whose it is and which one it is, so it does not hang on the device, on the company in a batch, or
on the order in which numbers are asked for. torch has no unsigned 64-bit arithmetic; signed integers wrap the same way.
"""

from __future__ import annotations

from torch import Tensor

_UNIT = 1.0 / (1 << 53)


def _signed(x: int) -> int:
    """The signed 64-bit integer of the same bits."""
    return (x + 2**63) % 2**64 - 2**63


_GAMMA, _MIX1, _MIX2 = map(_signed, (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def key_of(parent: Tensor, counter: Tensor | int) -> Tensor:
    """Keys (int64) of the sub-streams number *counter* of *parent*: :func:`hybrid_index.random_stream.key_of`."""
    steps = (counter + 1) * _GAMMA
    return _mixed(parent + (_signed(steps) if isinstance(steps, int) else steps))


def uniform(stream: Tensor, counter: Tensor | int) -> Tensor:
    """Number *counter* (from 0) of each stream, uniform in (0, 1), float64.

    Asked for in order these are what :func:`hybrid_index.random_stream.uniform` says of a state that is the key.
    """
    return (_shifted(key_of(stream, counter), 11).double() + 0.5) * _UNIT


def _mixed(x: Tensor) -> Tensor:
    x = (x ^ _shifted(x, 30)) * _MIX1
    x = (x ^ _shifted(x, 27)) * _MIX2
    return x ^ _shifted(x, 31)


def _shifted(x: Tensor, bits: int) -> Tensor:
    """To the right, zeros coming in."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)
