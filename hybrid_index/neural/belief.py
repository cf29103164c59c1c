"""What the network believes of one list of lines: lattices, labels, foreign lines, shift and volume."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from hybrid_index.neural import network as net
from hybrid_index.neural.features import LINES, features_of
from hybrid_index.neural.labels import FAMILY_OF_CODE, LABELLED_LINES
from hybrid_index.neural.numpy_operations import NumpyOperations
from hybrid_index.neural.weights import Network
from hybrid_index.types import IntArray, PeakList, frozen_array
from hybrid_index.units import FloatArray

_OPERATIONS = NumpyOperations()
KEPT = 0.995
"""Readings are taken, likeliest first, until they have this share of the probability: some ten of sixteen. With 0.9 the
true lattice is found in a thirtieth fewer lists."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LatticeBelief:
    """What holds if a list is of one Bravais lattice.

    Parameters
    ----------
    code, probability
        The Bravais lattice, and how probable it is.
    readings
        (R,): probabilities of the likeliest ways to read the list, which sum to 1.
    labels
        (R, n, K): in each reading, probabilities of the labels of the lattice's family for the first n lines; they sum
        to 1 over K.
    foreign
        (n,): probability that a line belongs to something else.
    shift_deg, shift_esd_deg
        Shift of 2θ in the middle of the lines, degrees.
    volume_angstrom3, volume_factor
        Volume of the primitive cell, and the factor that is one standard uncertainty.
    """

    code: int
    probability: float
    readings: FloatArray
    labels: FloatArray
    foreign: FloatArray
    shift_deg: float
    shift_esd_deg: float
    volume_angstrom3: float
    volume_factor: float

    def single_labels(self) -> FloatArray:
        """Probabilities (n, K) of the labels of single lines, whatever the reading."""
        return np.asarray(np.tensordot(self.readings, self.labels, axes=1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Belief:
    """What is believed of a list; details of a Bravais lattice are worked out when they are asked for.

    ``lattices`` (14,): probability of each Bravais lattice, by code.
    """

    network: Network
    peaks: PeakList
    encoded: net.Encoded
    lattices: FloatArray

    def likeliest(self, *, codes: IntArray | None = None, most: int = 4, enough: float = 1.0) -> list[int]:
        """Codes of the likeliest lattices (of *codes*, if given), likeliest first.

        They are *most*, or as many as have a share of *enough* of the probability.
        """
        asked = np.arange(self.lattices.size) if codes is None else np.asarray(codes)
        return likeliest(self.lattices, asked, most=most, enough=enough)

    def under(self, code: int) -> LatticeBelief:
        """What holds if the list is of the Bravais lattice with this code."""
        w, size = self.network.weights, self.network.architecture
        n = min(len(self.peaks), LABELLED_LINES)
        last_q = float(self.peaks.q[min(len(self.peaks), LINES) - 1])
        said = net.given(_OPERATIONS, w, size, self.encoded, np.array([code]))
        readings = _softmax(said.readings[0])
        kept = np.argsort(-readings, kind="stable")
        kept = kept[np.cumsum(readings[kept]) - readings[kept] < KEPT]
        (scores,) = net.label_scores(_OPERATIONS, w, said.tokens[:, :n], int(FAMILY_OF_CODE[code]), kept)
        (shift, log_shift_esd), (volume, log_factor) = said.shift[0].tolist(), said.volume[0].tolist()
        return LatticeBelief(
            code=code,
            probability=float(self.lattices[code]),
            readings=readings[kept] / readings[kept].sum(),
            labels=_softmax(scores),
            foreign=1.0 / (1.0 + np.exp(-said.foreign[0, :n].astype(np.float64))),
            shift_deg=0.1 * shift,
            shift_esd_deg=0.1 * float(np.exp(log_shift_esd)),
            volume_angstrom3=float(np.exp(volume)) / last_q**1.5,
            volume_factor=float(np.exp(np.exp(log_factor))),
        )


def likeliest(probability: FloatArray, codes: IntArray, *, most: int, enough: float) -> list[int]:
    """The likeliest of *codes*, by the probabilities (14,) of all: see :meth:`Belief.likeliest`."""
    codes = codes[np.argsort(-probability[codes], kind="stable")]
    shares = probability[codes]
    wanted = codes[np.cumsum(shares) - shares < enough * shares.sum()]
    return [int(code) for code in wanted[:most]]


def believe(network: Network, peaks: PeakList) -> Belief:
    """Ask the network about a list; as a search comes back to the same lines, the last answers are remembered."""
    seen = np.array([peaks.two_theta_deg, peaks.intensity, peaks.two_theta_esd_deg])[:, :LINES]
    return _believe(network, _Asked(seen.tobytes(), peaks.wavelength_angstrom, len(peaks), peaks))


def believe_anew(network: Network, peaks: PeakList) -> Belief:
    """:func:`believe`, whatever was asked before."""
    encoded = net.encode(_OPERATIONS, network.weights, network.architecture, features_of(peaks))
    lattices = frozen_array(_softmax(encoded.lattice[0]), np.float64)
    return Belief(network=network, peaks=peaks, encoded=encoded, lattices=lattices)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A list, known again by what the network sees of it."""

    columns: bytes
    wavelength_angstrom: float
    n_lines: int
    peaks: PeakList = field(compare=False)


@lru_cache(maxsize=32)
def _believe(network: Network, asked: _Asked) -> Belief:
    return believe_anew(network, asked.peaks)


def _softmax(scores: npt.NDArray[np.float32]) -> FloatArray:
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True)).astype(np.float64)
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True))
